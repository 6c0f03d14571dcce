"""The simulation of docs/scale.md: what goes in comes out, within the limits, at the right time."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import accumulate
from random import Random
from typing import Any

import pytest

from roomcast.backoff import Backoff
from roomcast_backend.aws.http import pool_growth
from roomcast_backend.fanout import prefetch, retry_policy, work
from roomcast_backend.fanout.retry_policy import Decision
from roomcast_backend.gateway import connections_api, rate_limiter
from roomcast_backend.gateway.connections_api import burst_per_container
from roomcast_backend.gateway.rate_limiter import RateLimiter
from roomcast_backend.settings import Settings
from simulation import arithmetic, markdown, sizes
from simulation.__main__ import DOCUMENTS
from simulation.capacity import Pace, Processor, TokenBucket
from simulation.constants import Constants, recorded, values
from simulation.latency import Latency
from simulation.runs import Run, Site, at_the_quota, many_rooms, one_event
from simulation.tables import CALCULATED, TABLES
from tests.fakes.clock import FakeClock

RECORDED = Constants.of(values())

BUS, WRITE, QUERY, SEND, POST, QUEUE = 0.1, 0.01, 0.02, 0.005, 0.05, 0.03
"""Seconds, each of them always the same."""

KNOWN = replace(
    RECORDED,
    post_cpu_at_10ms=0.0,
    handshake_cpu=0.0,
    idle_connection_cpu=0.0,
    member_read_cpu=0.0,
    invocation_cpu=0.0,
    bus=Latency.fixed(BUS),
    queue=Latency.fixed(QUEUE),
    post=Latency.fixed(POST),
    query=Latency.fixed(QUERY),
    query_per_kb=0.0,
    write=Latency.fixed(WRITE),
    send_message=Latency.fixed(SEND),
)
UNTIL_READ = BUS + WRITE + QUERY


def site(constants: Constants = KNOWN, **settings: Any) -> Site:
    return Site(constants, at_the_quota(**settings))


def posts(run: Run) -> int:
    return sum(run.record.posts.values())


class TestByHand:
    def test_a_room_that_fits_into_a_page(self) -> None:
        run = one_event(site(), name="project:a", members=3)
        assert run.first == run.lasts[0] == pytest.approx(UNTIL_READ + POST)
        assert run.record.invocations == 1
        assert run.record.messages == 0
        assert run.record.durations[0] == pytest.approx(WRITE + QUERY + POST + 2 * WRITE)

    def test_a_page_more(self) -> None:
        run = one_event(site(page_size=16, global_shards=16), name="project:a", members=20)
        assert run.first == pytest.approx(UNTIL_READ + POST)
        assert run.lasts[0] == pytest.approx(UNTIL_READ + QUEUE + QUERY + POST)
        assert run.record.invocations == 2

    def test_a_full_page_says_that_there_may_be_more(self) -> None:
        run = one_event(site(page_size=16), name="project:a", members=16)
        assert (run.record.messages, run.record.invocations) == (1, 2)
        assert run.lasts[0] == pytest.approx(UNTIL_READ + POST)

    def test_shards_are_read_side_by_side(self) -> None:
        run = one_event(site(), name="global", members=300)
        assert run.lasts[0] == pytest.approx(UNTIL_READ + 2 * POST)  # 256 are in flight

    def test_what_goes_beyond_the_burst_keeps_to_the_pace(self) -> None:
        slow = site(page_size=3000, posts_per_second=600, page_workers=5, post_burst=6000)
        run = one_event(slow, name="project:a", members=1500)
        assert run.lasts[0] == pytest.approx(UNTIL_READ + 5.0, abs=0.3)

    def test_the_processor_is_the_limit(self) -> None:
        busy = replace(KNOWN, post_cpu_at_10ms=0.001, core_speed=0.5, vcpu_mb=1)
        run = one_event(site(busy), name="project:a", members=500)
        assert run.lasts[0] == pytest.approx(UNTIL_READ + 500 * 0.001 / 0.5, abs=POST)

    def test_a_cold_container(self) -> None:
        started = replace(KNOWN, sandbox=Latency.fixed(0.2), cold_start=0.3)
        run = one_event(replace(site(started), warm=0), name="project:a", members=1)
        connecting = 6 * RECORDED.round_trip  # to the store, once more beside that, API Gateway
        assert run.lasts[0] == pytest.approx(0.5 + UNTIL_READ + POST + connecting)
        assert run.record.cold_starts == 1


class TestConservation:
    @pytest.mark.parametrize("members", [0, 1, 15, 16, 17, 500, 501, 1000, 2049, 30_000])
    @pytest.mark.parametrize("name", ["global", "project:a"])
    def test_every_member_once(self, name: str, members: int) -> None:
        run = one_event(site(RECORDED), name=name, members=members, seed=members)
        assert run.events[0].reached == posts(run) == members
        assert run.record.lost == 0

    @pytest.mark.parametrize("page_size", [16, 250, 499, 500, 5000])
    def test_whatever_the_page(self, page_size: int) -> None:
        run = one_event(site(RECORDED, page_size=page_size), name="global", members=3000)
        assert run.events[0].reached == posts(run) == 3000

    def test_who_was_refused_gets_it_later(self) -> None:
        little = replace(RECORDED, account_requests_per_s=500, account_burst=250)
        run = one_event(site(little), name="global", members=3000)
        assert run.record.refused > 0
        assert run.events[0].reached == posts(run) == 3000


class TestLimits:
    @pytest.mark.parametrize("workers", [2, 20, 100])
    def test_never_above_the_quota(self, workers: int) -> None:
        there = replace(RECORDED, account_requests_per_s=2000, account_burst=1000)
        run = one_event(
            site(there, page_workers=workers, posts_per_second=20_000), name="global", members=9000
        )
        seconds = range(max(run.record.posts) + 1)
        so_far = accumulate(run.record.posts[second] for second in seconds)
        for second, count in enumerate(so_far):
            assert count <= 1000 + 2000 * (second + 1)

    def test_never_above_it_with_many_events(self) -> None:
        there = replace(RECORDED, account_requests_per_s=500, account_burst=250)
        run = many_rooms(Site(there, warm=0), members=10, rate=60, seconds=3.0)
        assert max(run.record.posts.values()) <= 750
        assert posts(run) == 10 * len(run.events)

    def test_never_above_a_partition(self) -> None:
        there = replace(KNOWN, partition_reads_per_s=20)
        run = one_event(site(there), name="project:a", members=3000)
        (partition,) = run.rooms[0].partitions
        assert max(partition.units.values()) <= 40
        assert run.read_units == pytest.approx(
            3000 * sizes.MEMBER_BYTES / sizes.READ_UNIT, rel=0.05
        )
        assert run.lasts[0] > 4.0

    def test_never_more_workers_than_are_set_or_polling(self) -> None:
        run = one_event(site(RECORDED, page_workers=3), name="global", members=20_000)
        assert run.record.concurrency <= 4
        run = one_event(site(RECORDED, page_workers=1000), name="global", members=20_000)
        assert run.record.concurrency <= 1 + 5 + 5 * (1 + max(run.lasts))

    def test_never_more_containers_than_the_account_has(self) -> None:
        there = replace(KNOWN, concurrency=3)
        run = many_rooms(Site(there), members=1, rate=200, seconds=1.0)
        assert run.record.concurrency == 3


class TestMonotone:
    def test_in_workers_while_the_quota_allows(self) -> None:
        plenty = replace(
            KNOWN, account_requests_per_s=1e6, account_burst=1e6, pollers_at_first=1000
        )
        lasts = [
            one_event(
                site(plenty, page_workers=workers, posts_per_second=1500 * (workers + 1)),
                name="global",
                members=40_000,
            ).lasts[0]
            for workers in (2, 4, 8, 16)
        ]
        assert lasts == sorted(lasts, reverse=True)
        assert lasts[0] > 3 * lasts[-1]

    def test_in_members(self) -> None:
        lasts = [
            one_event(site(), name="project:a", members=members).lasts[0]
            for members in (10, 1500, 6000, 20_000)
        ]
        assert lasts == sorted(lasts)


def busy() -> Run:
    """Deliver to a room whose members are read in parts, refused, and left to the queue."""
    little = replace(RECORDED, account_requests_per_s=200, account_burst=20)
    return one_event(replace(site(little, page_size=600), warm=0), name="project:a", members=1200)


def give_up(_posted: object, **_more: object) -> Decision:
    return Decision.GIVE_UP


def without_pace(_limiter: RateLimiter, items: Iterable[Any]) -> Iterable[Any]:
    return items


class TestTheServiceDecides:
    """Each decision of the service that is changed changes what is simulated."""

    @pytest.mark.parametrize(
        ("owner", "name", "instead"),
        [
            (retry_policy, "decide", give_up),
            (retry_policy, "ATTEMPTS", 1),
            (retry_policy, "BACKOFF", Backoff(base=1.0, cap=2.0, attempts=4)),
            (prefetch, "READ_AT_ONCE", 100),
            (work, "page_of_shard", lambda _size, _shards: 30),
            (work, "MEMBERS_PER_MESSAGE", 10),
            (work, "REQUEUE_DELAY_SECONDS", 60),
            (work, "MAX_REQUEUES", 0),
            (connections_api, "posts_per_container", lambda _settings: 50.0),
            (RateLimiter, "throttle", without_pace),
            (rate_limiter, "SLOWEST", 1.0),
            (pool_growth, "growth_limit", lambda _connected: 1),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_what_is_simulated(
        self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, instead: Any
    ) -> None:
        usual = busy()
        assert usual.lasts == busy().lasts
        monkeypatch.setattr(owner, name, instead)
        changed = busy()
        assert changed.record.durations != usual.record.durations

    def test_who_is_given_up_is_lost(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert busy().record.lost == 0
        monkeypatch.setattr(retry_policy, "decide", give_up)
        assert busy().record.lost > 0

    def test_the_pace_said_is_the_pace_waited_for(self) -> None:
        settings = Settings(posts_per_second=4200, page_workers=5)
        clock = FakeClock(0.0)
        limiter = RateLimiter(
            700.0, burst=burst_per_container(settings), clock=clock, sleep=clock.sleep
        )
        list(limiter.throttle(range(3000)))
        asked = FakeClock(0.0)
        pace = Pace(settings, asked)
        left = 3000
        while left:
            taken, wait = pace.take(min(left, 7))
            left -= taken
            asked.sleep(wait)
        assert asked.now == pytest.approx(clock.now, rel=0.02)


class TestParts:
    def test_a_bucket(self) -> None:
        bucket = TokenBucket(rate=10, most=5)
        assert bucket.take(7, 0.0) == 5
        assert bucket.take(7, 0.1) == 1
        assert bucket.take(7, 100.0) == 5
        assert bucket.owe(20, 100.0) == pytest.approx(102.0)

    def test_a_processor_does_one_thing_after_the_other(self) -> None:
        processor = Processor(0.5)
        assert processor.work(1.0, 0.0) == 2.0
        assert processor.work(1.0, 1.0) == 4.0
        assert processor.work(1.0, 10.0) == 12.0

    def test_a_latency(self) -> None:
        latency = Latency.of({"p10": 10, "p50": 20, "p99": 100})
        dice = Random(1)  # noqa: S311
        drawn = sorted(latency.draw(dice) for _ in range(2000))
        assert drawn[0] >= 0.010
        assert drawn[1000] == pytest.approx(0.020, rel=0.1)
        assert drawn[-1] <= 0.150
        longer = sorted(latency.times(3).draw(dice) for _ in range(2000))
        assert longer[1000] == pytest.approx(0.060, rel=0.1)

    def test_the_size_of_a_row(self) -> None:
        item: dict[str, dict[str, Any]] = {
            "room": {"S": "global#000"},
            "n": {"N": "1795390000"},  # trailing zeros do not count
            "muted": {"BOOL": False},
            "rooms": {"SS": ["a", "bc"]},
            "projects": {"L": [{"S": "abc"}]},
        }
        assert sizes.item_bytes(item) == 14 + (1 + 4) + (5 + 1) + (5 + 3) + (8 + 3 + 1 + 3)

    def test_units(self) -> None:
        assert [sizes.read_units(size) for size in (0, 4096, 4097)] == [1, 1, 2]
        assert [sizes.write_units(size) for size in (1, 1024, 1025)] == [1, 1, 2]

    def test_a_sweep(self) -> None:
        settings = Settings(posts_per_second=6000, page_workers=5, heartbeat_interval=510)
        assert arithmetic.most_swept(settings) == 480 * 1000
        assert arithmetic.sweep_rate(24_000, settings) == 300
        assert arithmetic.sweep_seconds(24_000, settings) == pytest.approx(10)
        assert arithmetic.sweep_rate(160_000, settings) == pytest.approx(500)
        assert arithmetic.sweep_seconds(160_000, settings) == pytest.approx(40)
        assert arithmetic.sweep_seconds(10_000_000, settings) == 60


class TestDocuments:
    def test_have_every_table_once(self) -> None:
        found = [name for document in DOCUMENTS for name in markdown.names(document)]
        assert sorted(found) == sorted(TABLES)

    @pytest.mark.parametrize("name", CALCULATED)
    def test_their_calculated_tables_are_those_of_the_code(self, name: str) -> None:
        """`python -m simulation simulate --write` writes them anew."""
        written = "".join(document.read_text() for document in DOCUMENTS)
        assert CALCULATED[name](RECORDED) in written

    def test_every_constant_has_its_source(self) -> None:
        kinds = {"measured here", "documented", "measured by others", "assumption"}
        for name, entry in recorded().items():
            assert entry["kind"] in kinds, name
            assert entry["source"], name
