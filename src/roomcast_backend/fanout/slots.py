"""When each connection gets its heartbeat: the roster cut into the steps of one interval.

The roster is the room `global`. Its shards hold about equally many connections each, since a hash
of the connection's id chooses the shard. So a step is a range of shards, always the same one at the
same place in the interval, and no row is read that is not due:

step (minute)  0      1      2            7      8      9
shards         0, 1   2, 3   4, 5   …   14, 15   0, 1   2, 3   …

A connection stays in its shard, so joins and leaves of others do not move it: between two of its
heartbeats lies one interval, and how much later within its minute the second run begins and gets to
it. No I/O, no clock.
"""

from dataclasses import dataclass

MINUTE = 60
"""How often the function runs: EventBridge's shortest schedule, in seconds."""

SPREAD = 2 / 3
"""The part of a step over which its heartbeats are spread: the rest is for what takes longer."""


@dataclass(frozen=True, slots=True)
class Slots:
    """One interval: `count` steps of `seconds` each, for a roster of so many `shards`."""

    seconds: int
    count: int
    shards: int

    @classmethod
    def of(cls, interval: int, shards: int) -> "Slots":
        """Return the steps for an interval in seconds.

        From a minute on, the interval is rounded down to whole minutes, and each is a step: a run
        of the function belongs to one minute, wherever in it EventBridge starts it. A shorter
        interval is one step, and a run goes through several of them.
        """
        if interval < MINUTE:
            return cls(interval, 1, shards)
        return cls(MINUTE, interval // MINUTE, shards)

    @property
    def interval(self) -> int:
        """The seconds between two heartbeats to one connection."""
        return self.seconds * self.count

    def step_at(self, now: float) -> int:
        """Return the number of the step that a time (epoch seconds) lies in."""
        return int(now // self.seconds)

    def starts_at(self, step: int) -> int:
        """Return when a step begins, epoch seconds."""
        return step * self.seconds

    def shards_of(self, step: int) -> range:
        """Return the shards whose connections are due in a step; none in some with few shards."""
        place = step % self.count
        return range(self._cut(place), self._cut(place + 1))

    def due(self, next_step: int | None, now: float) -> range:
        """Return the steps that are due: those from `next_step` on, the one after what is done.

        They are never more than one interval. When `next_step` lies further back, or is None since
        nothing is known, each place of the interval is due once. It begins with the place of
        `next_step`, so that no shard is left out for good when time never suffices.
        """
        current = self.step_at(now)
        earliest = current - self.count + 1
        if next_step is None:
            return range(earliest, current + 1)
        if next_step >= earliest:
            return range(next_step, current + 1)
        first = next_step + (earliest - next_step) // self.count * self.count
        return range(first, first + self.count)

    def _cut(self, place: int) -> int:
        return -(-place * self.shards // self.count)
