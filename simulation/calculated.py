"""The tables of docs/scale.md that are calculated, and what deliveries cost."""

from roomcast_backend.fanout.prefetch import READ_AT_ONCE
from roomcast_backend.model.connection import LONGEST_CONNECTION
from roomcast_backend.settings import Settings
from roomcast_backend.stores.keys import COUNTER_SHARDS
from simulation import arithmetic, costs, sizes
from simulation.arithmetic import CONNECT, SUBSCRIBE
from simulation.constants import Constants, recorded, values
from simulation.markdown import Row, dollars, percent, seconds, shown, table
from simulation.runs import Site, many_rooms, one_event

MILLION = 1_000_000


def constants_used(_constants: Constants) -> str:
    """Write every constant with its source."""
    kept = recorded()
    rows = []
    for name, value in values().items():
        text = value
        if isinstance(value, dict):
            text = ", ".join(f"{percentile} {number}" for percentile, number in value.items())
        rows.append((f"`{name}`", text, kept[name]["kind"], kept[name]["source"]))
    return table(("constant", "value", "kind", "source"), rows)


def rows_of_tables(constants: Constants) -> str:
    """Write how large rows are, and what a partition's limit means for them."""
    sent = shown(READ_AT_ONCE * sizes.ANSWER_BYTES / 1024)
    page = sizes.members_read_units(READ_AT_ONCE)
    reads = constants.partition_reads_per_s / page * READ_AT_ONCE
    writes = constants.partition_writes_per_s / SUBSCRIBE.joined
    rows = [
        ("a membership", f"{sizes.MEMBER_BYTES} bytes", "1 write unit, 2 in a transaction"),
        ("a connection in three rooms", f"{sizes.CONNECTION_BYTES} bytes", "the same"),
        (f"a query for {READ_AT_ONCE} members", f"{sent} KB on the wire", f"{page} read units"),
        ("members read from one shard", "", f"{reads:,.0f} a second at most"),
        ("members joining one shard", "", f"{writes:,.0f} a second at most"),
    ]  # fmt: skip
    return table(("what", "size", "counts as"), rows)


def joining(constants: Constants) -> str:
    """Write what a million clients are that come back at a rate, and join one project."""
    default = round(constants.connects_per_s)
    all_the_time = MILLION / LONGEST_CONNECTION
    rows: list[Row] = [
        (
            round(rate),
            f"{MILLION / rate / 60:,.0f} min",
            round(rate * (CONNECT.connections + SUBSCRIBE.connections)),
            round(rate * (CONNECT.rooms + SUBSCRIBE.rooms)),
            round(rate * CONNECT.joined / Settings().global_shards),
            round(rate * SUBSCRIBE.joined),
            round(rate * CONNECT.counters / COUNTER_SHARDS),
        )
        for rate in (all_the_time, default, 2 * default, 10 * default)
    ]
    head = ("connects/s", "a million take", "table `connections`", "table `rooms`",
            "a shard of `global`", "the one project", "a counter's shard")  # fmt: skip
    return table(head, rows)


def heartbeats(_constants: Constants) -> str:
    """Write what heartbeats come to, with the default settings and with what a million need."""
    many = Settings(posts_per_second=13_000)
    chosen = [(count, Settings()) for count in (1_000, 10_000, 100_000, 160_000, MILLION)]
    rows = [
        (
            count,
            f"{settings.posts_per_second:,} / {settings.page_workers}",
            round(count / arithmetic.slots(settings).count),
            arithmetic.sweep_rate(count, settings),
            seconds(arithmetic.sweep_seconds(count, settings)),
            percent(min(1.0, arithmetic.most_swept(settings) / count)),
        )
        for count, settings in (*chosen, (MILLION, many))
    ]
    head = ("connections", "`posts_per_second` / `page_workers`", "due in a minute",
            "posts/s of a run", "a run takes", "reached in an interval")  # fmt: skip
    return table(head, rows)


def overlap(constants: Constants) -> str:
    """Write what an event to an agent's room and `global` costs the agent's partition."""
    rows = []
    for members in (10, 1_000, 10_000, 100_000, MILLION):
        units = arithmetic.overlap_units(
            members, MILLION, shards=Settings().global_shards, chunk=READ_AT_ONCE
        )
        fastest = constants.partition_reads_per_s / units
        rows.append((members, round(units * MILLION), f"{fastest:,.0f}"))
    head = ("members of the agent's room", "read units for a million of `global`",
            "members of `global` a second, at most")  # fmt: skip
    return table(head, rows)


def deliveries(constants: Constants) -> str:
    """Write what a million deliveries cost."""
    site = Site(constants)
    runs = {
        "rooms of 10, 100 events/s": many_rooms(site, members=10, rate=100, seconds=20.0),
        "one room of 1,000": one_event(site, name="project:one", members=1_000),
        "`global` of 1,000": one_event(site, name="global", members=1_000),
        "one room of 100,000": one_event(site, name="project:one", members=100_000),
        "`global` of 1,000,000": one_event(site, name="global", members=MILLION),
    }
    found = {words: costs.per_million_deliveries(run) for words, run in runs.items()}
    services = next(iter(found.values()))
    rows = [
        (words, *(dollars(of[name]) for name in services), dollars(sum(of.values())))
        for words, of in found.items()
    ]
    return table(("events to", *services, "sum"), rows)
