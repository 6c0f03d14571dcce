"""The tables of docs/scale.md that are simulated."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from unittest.mock import patch

from roomcast_backend.fanout import retry_policy
from roomcast_backend.settings import Settings
from simulation.constants import Constants
from simulation.markdown import Row, seconds, table
from simulation.runs import Run, Site, at_the_quota, many_rooms, median_of, percentile, several

GLOBAL = "global"
PROJECT = "project:one"

SEEDS = {1_000: 100, 10_000: 100, 100_000: 20, 1_000_000: 5}
"""Runs for a room of so many members."""

FEWER = {1_000: 20, 10_000: 11, 100_000: 3, 1_000_000: 1}
"""Runs where only the median is of interest."""

SIZES = (1_000, 10_000, 100_000, 1_000_000)
COMPARED = SIZES[:3]
"""Where settings are compared; a million members take seven to ten times as long as the last."""


def rooms(constants: Constants) -> str:
    """Write what one event to a room comes to, with the default settings."""
    head = ("room", "members", "messages", "invocations", "at once", "read units",
            "busiest partition, units/s", "posts/s, most", "429", "first member",
            "last, p50", "last, p99")  # fmt: skip
    return table(head, _rooms(Site(constants)))


def _rooms(site: Site) -> Iterator[Row]:
    for name in (GLOBAL, PROJECT):
        for members in SIZES:
            runs = several(site, name=name, members=members, seeds=SEEDS[members])
            lasts = [run.lasts[0] for run in runs]
            yield (
                kind(name),
                members,
                round(median_of(runs, lambda run: run.record.messages)),
                round(median_of(runs, lambda run: run.record.invocations)),
                round(median_of(runs, lambda run: run.record.concurrency)),
                round(median_of(runs, lambda run: run.read_units)),
                round(median_of(runs, lambda run: run.read_peak)),
                round(median_of(runs, lambda run: run.posts_peak)),
                round(median_of(runs, lambda run: run.record.refused)),
                seconds(median_of(runs, lambda run: run.first)),
                seconds(percentile(lasts, 50)),
                seconds(percentile(lasts, 99)),
            )


QUOTAS = (
    (2_500, Settings()),
    (10_000, Settings()),
    (10_000, at_the_quota()),
    (20_000, Settings(posts_per_second=18_000, page_workers=5)),
    (50_000, Settings(posts_per_second=45_000, page_workers=8)),
    (100_000, Settings(posts_per_second=90_000, page_workers=12)),
    (100_000, Settings(posts_per_second=90_000, page_workers=12, page_size=5_000)),
    (100_000, Settings(posts_per_second=90_000, page_workers=50)),
)


def quotas(constants: Constants) -> str:
    """Write how soon the last member has it under other quotas, of which `post_burst` is half."""
    sizes = SIZES[1:]
    of_rooms = (f"{kind(name)}, {size:,}" for name in (GLOBAL, PROJECT) for size in sizes)
    of_settings = ("`posts_per_second`", "`page_workers`", "`page_size`")
    rows: list[Row] = []
    for quota, settings in QUOTAS:
        site = Site(
            replace(constants, account_requests_per_s=quota, account_burst=quota / 2),
            replace(settings, post_burst=quota // 2),
        )
        chosen = (quota, settings.posts_per_second, settings.page_workers, settings.page_size)
        lasts = (_last(site, name, size) for name in (GLOBAL, PROJECT) for size in sizes)
        rows.append((*chosen, *lasts))
    return table(("account, requests/s", *of_settings, *of_rooms), rows)


def page_size(constants: Constants) -> str:
    """Write what `page_size` changes."""
    sizes = (250, 500, 1000, 2000, 5000)
    sites = {f"{size:,}": Site(constants, at_the_quota(page_size=size)) for size in sizes}
    return _compared("`page_size`", sites)


def page_workers(constants: Constants) -> str:
    """Write what `page_workers` changes."""
    sites = {
        str(count): Site(constants, at_the_quota(page_workers=count))
        for count in (2, 5, 10, 20, 50)
    }
    return _compared("`page_workers`", sites)


def sensitivity(constants: Constants) -> str:
    """Write what the assumptions change, each on its own."""

    def but(**changed: object) -> Site:
        return Site(replace(constants, **changed))  # type: ignore[arg-type]

    sites = {
        "as assumed": Site(constants),
        "API Gateway answers 4 times as fast": but(post=constants.post.times(0.25)),
        "API Gateway takes 4 times as long": but(post=constants.post.times(4)),
        "DynamoDB takes 4 times as long": but(
            query=constants.query.times(4),
            query_per_kb=constants.query_per_kb * 4,
            write=constants.write.times(4),
        ),
        "the queue takes 4 times as long": but(queue=constants.queue.times(4)),
        "Lambda's processor is half as fast": but(core_speed=constants.core_speed / 2),
        "no container is warm": Site(constants, warm=0),
    }
    return _compared("what is different", sites)


SMALL = 10
"""Members of each of many rooms."""

SMALL_SECONDS = 10.0
OVERLOAD_SECONDS = 5.0


def small_rooms(constants: Constants) -> str:
    """Write what events at a rate come to, each to another room of ten; no container is warm."""
    rows = []
    for rate in (10, 100, 500, 900):
        run = many_rooms(Site(constants, warm=0), members=SMALL, rate=rate, seconds=SMALL_SECONDS)
        rows.append((rate, rate * SMALL, *_of_many(run)))
    return table(("events/s", "posts/s", *OF_MANY), rows)


def overload(constants: Constants) -> str:
    """Write what becomes of more events than the quota takes, for some seconds."""
    rows, site = [], Site(constants, warm=0)
    for rate in (1100, 1500):
        for attempts in (retry_policy.ATTEMPTS, 2 * retry_policy.ATTEMPTS):
            with patch.object(retry_policy, "ATTEMPTS", attempts):
                run = many_rooms(site, members=SMALL, rate=rate, seconds=OVERLOAD_SECONDS)
            rows.append((rate, attempts, *_of_many(run), run.record.messages))
    return table(("events/s", "rounds in an invocation", *OF_MANY, "messages"), rows)


OF_MANY = ("containers", "invocation, mean", "last member, p50", "p99", "429")


def _of_many(run: Run) -> Row:
    durations = run.record.durations
    return (
        run.record.concurrency,
        seconds(sum(durations) / len(durations)),
        seconds(percentile(run.lasts, 50)),
        seconds(percentile(run.lasts, 99)),
        run.record.refused,
    )


def _compared(what: str, sites: Mapping[str, Site]) -> str:
    rows = [
        (words, *(_last(site, name, size) for name in (GLOBAL, PROJECT) for size in COMPARED))
        for words, site in sites.items()
    ]
    sizes = (f"{kind(name)}, {size:,}" for name in (GLOBAL, PROJECT) for size in COMPARED)
    return table((what, *sizes), rows)


def _last(site: Site, name: str, members: int) -> str:
    runs = several(site, name=name, members=members, seeds=FEWER[members])
    return seconds(median_of(runs, lambda run: run.lasts[0]))


def kind(name: str) -> str:
    """Return a room's kind, as the tables name it."""
    return name.partition(":")[0]
