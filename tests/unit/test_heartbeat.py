"""The heartbeat's sweep, with a roster and a sender in memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from roomcast_backend.fanout.heartbeat import Heartbeat
from roomcast_backend.fanout.sender import Encode, SendResult
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.model.connection import Member
from tests.fakes.clock import FakeClock

SHARDS = 4


class Roster:
    """Shards of `global` with two members each."""

    def __init__(self) -> None:
        self.read: list[int] = []

    def shards(self, room: str) -> range:
        return range(SHARDS)

    def members(self, room: str, shard: int, *, size: int) -> Iterator[Member]:
        self.read.append(shard)
        return (Member(f"{shard}-{n}", "json", 2**31, 0) for n in range(2))


class SlowSender:
    """Reaches everyone, and takes its time."""

    def __init__(self, clock: FakeClock, seconds: float = 0.0) -> None:
        self.reached: list[str] = []
        self.clock = clock
        self.seconds = seconds

    def post(
        self, members: Iterable[Member], encode: Encode, *, room: str, until: float
    ) -> SendResult:
        self.clock.advance(self.seconds)
        reached = [member.connection_id for member in members]
        self.reached += reached
        result = SendResult()
        result.outcomes[Outcome.SENT] += len(reached)
        return result


class NobodyExpired:
    def close_expired(self, members: Sequence[Member], *, room: str, until: float) -> int:
        return len(members)


def sweep(
    roster: Roster, sender: SlowSender, clock: FakeClock, first_shard: Callable[[int], int]
) -> Heartbeat:
    return Heartbeat(
        rooms=roster,
        sender=sender,
        terminator=NobodyExpired(),
        page_size=2,
        clock=clock,
        first_shard=first_shard,
    )


class TestSweep:
    def test_everyone_is_reached_whichever_shard_comes_first(self) -> None:
        clock = FakeClock()
        for first in range(SHARDS):
            roster, sender = Roster(), SlowSender(clock)

            def begin(_shards: int, first: int = first) -> int:
                return first

            tally = sweep(roster, sender, clock, begin).beat(until=clock.now + 1)
            assert roster.read[0] == first
            assert len(set(sender.reached)) == tally.outcomes[Outcome.SENT] == SHARDS * 2

    def test_it_ends_with_its_time(self) -> None:
        clock = FakeClock()
        roster, sender = Roster(), SlowSender(clock, seconds=10)
        sweep(roster, sender, clock, lambda _: 3).beat(until=clock.now + 15)
        assert sender.reached == ["3-0", "3-1", "0-0", "0-1"]
        assert len(roster.read) <= 3
