"""The heartbeats over hours, with a roster, a sender and a lease in memory."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomcast_backend.fanout.heartbeat import (
    CLAIM_SECONDS,
    LEASE_SECONDS,
    Heartbeat,
    spare_seconds,
)
from roomcast_backend.fanout.sender import SendResult
from roomcast_backend.fanout.slots import MINUTE, SPREAD, Slots
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.model.connection import Member
from roomcast_backend.stores.keys import shard_of
from roomcast_backend.stores.rooms import Page
from roomcast_backend.stores.sweeps import LeaseLost, Swept
from tests.fakes.clock import FakeClock

TIMEOUT = 68
NEVER = 2**40


class Killed(BaseException):
    """The run ends here without a word."""


class Roster:
    """The members of `global`, page by page."""

    def __init__(self, shards: int) -> None:
        self.shards = shards
        self.members: dict[str, Member] = {}
        self.read: list[int] = []

    def join(self, *ids: str, expires_at: int = NEVER, joined_at: int = 0) -> None:
        self.members |= {name: Member(name, "json", expires_at, joined_at) for name in ids}

    def page(self, _room: str, shard: int, *, size: int, after: str | None = None) -> Page:
        self.read.append(shard)
        ids = sorted(
            name
            for name in self.members
            if shard_of("global", name, self.shards) == shard and name > (after or "")
        )
        found = [self.members[name] for name in ids[:size]]
        return Page(found, found[-1].connection_id if len(ids) > size else None)


@dataclass
class Sweeps:
    """One row and its lease; each run has a holder of its own."""

    clock: FakeClock
    swept: Swept | None = None
    swept_until: int = 0
    leased_until: float = 0
    holder: int = 0
    saves: int = 0

    def claim(self, *, now: float, until: float) -> "Held | None":
        if self.leased_until >= now:
            return None
        self.holder += 1
        self.leased_until = until
        return Held(self, self.holder, self.swept)


@dataclass
class Held:
    row: Sweeps
    holder: int
    swept: Swept | None

    def save(self, swept: Swept, *, until: float, swept_until: int) -> None:
        if self.row.holder != self.holder:
            raise LeaseLost("another run")
        self.row.swept, self.row.leased_until, self.row.swept_until = swept, until, swept_until
        self.row.saves += 1


@dataclass
class Posts:
    """Notes when each connection got a heartbeat; a post takes `seconds`."""

    clock: FakeClock
    seconds: float = 0.0
    heard: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    kill_at: float = float("inf")

    def post(self, members: Iterable[Member], *_: Any, until: float, **__: Any) -> SendResult:
        result = SendResult()
        for member in members:
            if self.clock.now >= self.kill_at:
                raise Killed
            if self.clock.now >= until:
                result.unreached.append(member)
                continue
            self.clock.advance(self.seconds)
            self.heard[member.connection_id].append(self.clock.now)
            result.outcomes[Outcome.SENT] += 1
        return result


class Terminator:
    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self.closed: list[str] = []

    def close_expired(self, members: Sequence[Member], *, room: str, until: float) -> int:
        for member in members:
            del self.roster.members[member.connection_id]
            self.closed.append(member.connection_id)
        return len(members)


class Stand:
    """The function with all that it meets."""

    def __init__(
        self,
        *,
        interval: int = 510,
        shards: int = 16,
        page_size: int = 100,
        share: float = 1e6,
        mode: str = "noop",
    ) -> None:
        self.clock = FakeClock(1_800_000_000.0)
        self.slots = Slots.of(interval, shards)
        self.roster = Roster(shards)
        self.sweeps = Sweeps(self.clock)
        self.posts = Posts(self.clock)
        self.terminator = Terminator(self.roster)
        self.heartbeat = Heartbeat(
            rooms=self.roster,
            sweeps=self.sweeps,
            sender=self.posts,
            terminator=self.terminator,
            slots=self.slots,
            mode=mode,
            page_size=page_size,
            share=share,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def run(self, *, at: float | None = None) -> Tally:
        """Run at a time, or as soon as the one before has ended."""
        self.clock.now = max(self.clock.now, at or 0.0)
        return self.heartbeat.beat(until=self.clock.now + TIMEOUT)

    def minutes(self, count: int, late: Iterable[float] = ()) -> None:
        """Run every minute from the next one on, some seconds `late` in each."""
        begins = (self.clock.now // MINUTE + 1) * MINUTE
        delays: Iterator[float] = iter(late)
        for number in range(count):
            self.run(at=begins + number * MINUTE + next(delays, 0.0))

    def gaps(self, name: str) -> list[float]:
        return [later - before for before, later in pairwise(self.posts.heard[name])]


def ids(count: int, first: str = "c") -> list[str]:
    return [f"{first}{number:05d}" for number in range(count)]


class TestInterval:
    @settings(max_examples=60)
    @given(
        interval=st.integers(20, 510),
        shards=st.integers(1, 256),
        page_size=st.integers(1, 50),
        late=st.lists(st.floats(0, 59), min_size=30, max_size=30),
    )
    def test_nobody_waits_longer_than_an_interval_and_a_minute(
        self, interval: int, shards: int, page_size: int, late: list[float]
    ) -> None:
        stand = Stand(interval=interval, shards=shards, page_size=page_size)
        stand.roster.join(*ids(40))
        stand.minutes(30, late)
        for name in ids(40):
            assert max(stand.gaps(name)) <= interval + MINUTE
            heard = stand.posts.heard[name][-1]
            assert stand.clock.now - heard <= stand.slots.interval + MINUTE

    @settings(max_examples=30)
    @given(interval=st.integers(60, 510), shards=st.integers(1, 256))
    def test_everybody_once_in_an_interval(self, interval: int, shards: int) -> None:
        stand = Stand(interval=interval, shards=shards)
        stand.roster.join(*ids(60))
        stand.run()
        stand.posts.heard.clear()
        stand.minutes(stand.slots.count)
        assert [len(stand.posts.heard[name]) for name in ids(60)] == [1] * 60

    @pytest.mark.parametrize("interval", [20, 30])
    def test_several_times_in_a_run_when_it_is_short(self, interval: int) -> None:
        stand = Stand(interval=interval)
        stand.roster.join(*ids(10))
        stand.minutes(10)
        for name in ids(10):
            assert len(stand.posts.heard[name]) == pytest.approx(600 / interval, abs=2)
            assert max(stand.gaps(name)) <= interval + 1

    @settings(max_examples=30)
    @given(shards=st.integers(1, 32), most=st.integers(0, 300), seed=st.integers(0, 2**32))
    def test_who_stays_misses_nothing_while_others_come_and_go(
        self, shards: int, most: int, seed: int
    ) -> None:
        random = Random(seed)  # noqa: S311
        stand = Stand(shards=shards, page_size=30)
        stay = ids(20, first="m")
        stand.roster.join(*stay)
        stand.run()
        for crowd in [random.randint(0, most) for _ in range(40)]:
            others = [name for name in stand.roster.members if name not in stay]
            for name in random.sample(others, len(others) // 2):
                del stand.roster.members[name]
            stand.roster.join(*(f"{random.choice('az')}{random.random()}" for _ in range(crowd)))
            stand.minutes(1, [random.uniform(0, 59)])
        spread = MINUTE * SPREAD
        for name in stay:
            assert max(stand.gaps(name)) <= stand.slots.interval + MINUTE + spread < 600

    def test_no_row_is_read_that_is_not_due(self) -> None:
        stand = Stand()
        stand.roster.join(*ids(64))
        stand.run()
        stand.roster.read.clear()
        stand.minutes(1)
        (step,) = {stand.slots.step_at(stand.clock.now)}
        assert stand.roster.read == list(stand.slots.shards_of(step))


class TestRate:
    def test_many_are_spread_over_the_minute(self) -> None:
        stand = Stand(interval=60, page_size=1000)
        stand.roster.join(*ids(20_000))
        stand.sweeps.swept = Swept("60/1/16", stand.slots.step_at(stand.clock.now))
        began = stand.clock.now
        stand.run()
        moments = sorted(moment for of in stand.posts.heard.values() for moment in of)
        assert moments[-1] - began == pytest.approx(MINUTE * SPREAD, rel=0.05)
        for second in range(39):
            count = sum(began + second <= moment < began + second + 1 for moment in moments)
            assert count == pytest.approx(500, rel=0.1)

    @pytest.mark.parametrize(("mode", "seconds"), [("noop", 1.0), ("ping", 3.0)])
    def test_few_are_done_soon_at_the_lowest_rate(self, mode: str, seconds: float) -> None:
        stand = Stand(interval=60, mode=mode)
        stand.roster.join(*ids(300))
        began = stand.clock.now
        stand.run()
        assert stand.clock.now - began == pytest.approx(seconds, rel=0.15)

    def test_never_above_the_share(self) -> None:
        stand = Stand(interval=60, share=50)
        stand.roster.join(*ids(500))
        began = stand.clock.now
        stand.run()
        assert stand.clock.now - began == pytest.approx(10.0, rel=0.05)

    def test_what_there_is_no_time_for_comes_first_in_the_next_run(self) -> None:
        stand = Stand(interval=60, shards=4, share=10)
        stand.roster.join(*ids(1500))
        stand.run()
        assert not stand.posts.heard.keys() >= set(ids(1500))
        for _ in range(2):
            stand.run()
        assert stand.posts.heard.keys() == set(ids(1500))

    def test_when_time_never_suffices_nobody_is_left_out(self) -> None:
        stand = Stand(interval=120, shards=8, share=10)
        stand.roster.join(*ids(2000))
        stand.minutes(20)
        counts = [len(stand.posts.heard[name]) for name in ids(2000)]
        assert min(counts) >= max(counts) - 2 > 0


class TestMissedMinutes:
    def test_are_caught_up_with(self) -> None:
        stand = Stand()
        stand.roster.join(*ids(64))
        stand.run()
        stand.run(at=stand.clock.now + 4 * MINUTE)
        stand.minutes(4)
        assert [len(stand.posts.heard[name]) for name in ids(64)] == [2] * 64

    @pytest.mark.parametrize("hours", [1, 24])
    def test_are_at_most_an_interval(self, hours: int) -> None:
        stand = Stand()
        stand.roster.join(*ids(64))
        stand.run()
        stand.posts.heard.clear()
        stand.run(at=stand.clock.now + hours * 3600)
        assert [len(stand.posts.heard[name]) for name in ids(64)] == [1] * 64

    def test_another_interval_begins_with_everybody(self) -> None:
        stand = Stand()
        stand.roster.join(*ids(64))
        stand.run()
        assert stand.sweeps.swept
        stand.sweeps.swept = Swept("60/5/16", stand.sweeps.swept.step)
        stand.run()
        assert [len(stand.posts.heard[name]) for name in ids(64)] == [2] * 64


class TestOneAtATime:
    def test_a_run_waits_for_the_other_and_has_nothing_to_do_then(self) -> None:
        stand = Stand()
        stand.roster.join(*ids(64))
        stand.run()
        stand.sweeps.leased_until = stand.clock.now + 10
        began = stand.clock.now
        tally = stand.run()
        assert (tally.outcomes, len(stand.posts.heard)) == ({}, 64)
        assert 10 <= stand.clock.now - began <= 13

    def test_a_run_ends_when_the_other_does_not(self) -> None:
        stand = Stand()
        stand.roster.join(*ids(64))
        stand.sweeps.leased_until = stand.clock.now + 3600
        began = stand.clock.now
        assert stand.run().outcomes == {}
        assert stand.clock.now - began <= CLAIM_SECONDS

    def test_after_a_run_that_was_killed_the_next_goes_on(self) -> None:
        stand = Stand(interval=60, page_size=1000, mode="ping")
        stand.roster.join(*ids(6000))
        began = stand.clock.now
        stand.posts.kill_at = began + 25
        with pytest.raises(Killed):
            stand.run()
        stand.posts.kill_at = float("inf")
        before = len(stand.posts.heard)
        stand.sweeps.leased_until = min(stand.sweeps.leased_until, stand.clock.now + LEASE_SECONDS)
        stand.run(at=began + 59)
        counts = [len(stand.posts.heard[name]) for name in ids(6000)]
        assert 3000 < before < 6000
        assert set(counts) == {1, 2}
        assert counts.count(2) <= 6000 / 40 * 16

    def test_a_run_that_is_overtaken_ends(self) -> None:
        stand = Stand(interval=60, page_size=1000)
        stand.roster.join(*ids(6000))
        post = stand.posts.post

        def overtaken(*args: Any, **kwargs: Any) -> SendResult:
            stand.sweeps.holder += 1
            return post(*args, **kwargs)

        stand.posts.post = overtaken  # type: ignore[method-assign]
        stand.run()
        assert len(stand.posts.heard) < 6000
        assert stand.sweeps.swept is None


class TestMembers:
    def test_the_expired_are_closed_and_get_nothing(self) -> None:
        stand = Stand()
        stand.roster.join("old", expires_at=int(stand.clock.now))
        stand.roster.join("new")
        assert stand.run().expired == 1
        assert (stand.terminator.closed, set(stand.posts.heard)) == (["old"], {"new"})

    def test_one_heartbeat_for_the_sessions_of_a_connection(self) -> None:
        stand = Stand(page_size=1)
        stand.roster.join("c1", "c1#/", "c1#/ws", "c2#/ws")
        assert stand.run().outcomes == {Outcome.SENT: 2}
        assert len(stand.posts.heard) == 2


LIFE = 7200


def heard_at_age(age: int, *, interval: int = 510, mode: str = "noop") -> bool:
    stand = Stand(interval=interval, mode=mode)
    stand.roster.join("c1", joined_at=int(stand.clock.now) - age)
    stand.run()
    return "c1" in stand.posts.heard


class TestEnd:
    @pytest.mark.parametrize(
        ("age", "heard"), [(0, True), (7080, True), (7081, False), (7200, False), (7201, True)]
    )
    def test_who_ends_before_being_idle_needs_none(self, age: int, *, heard: bool) -> None:
        assert heard_at_age(age) is heard

    def test_who_waits_for_pings_gets_all(self) -> None:
        assert heard_at_age(LIFE - 10, mode="ping")

    @given(st.integers(20, 510))
    def test_short_intervals_leave_out_little(self, interval: int) -> None:
        served = Slots.of(interval, 16).interval
        spare = spare_seconds("noop", served)
        assert 0 <= spare <= served / 4
        assert served + spare <= 600

    @settings(max_examples=30)
    @given(late=st.floats(0, 59), born=st.integers(0, 479))
    def test_nobody_is_idle_before_the_end(self, late: float, born: int) -> None:
        stand = Stand()
        begun = stand.clock.now + born
        stand.roster.join("c1", joined_at=int(begun))
        stand.minutes(LIFE // MINUTE + 9, [late] * 200)
        heard = [begun, *(at for at in stand.posts.heard["c1"] if begun < at < begun + LIFE)]
        for before, after in pairwise([*heard, begun + LIFE]):
            assert after - before <= 600 + 1
