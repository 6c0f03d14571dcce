"""What there is only so much of: requests of a quota, units of a partition, time of a processor."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from roomcast_backend.gateway import connections_api, rate_limiter
from roomcast_backend.gateway.rate_limiter import RateLimiter
from roomcast_backend.settings import Settings


class TokenBucket:
    """`rate` tokens a second; at most `most` of them are kept."""

    def __init__(self, rate: float, most: float) -> None:
        self.rate = rate
        self._most = self._tokens = most
        self._at = 0.0

    def take(self, wanted: int, now: float) -> int:
        """Take as many of the wanted tokens as there are; return how many."""
        self._refill(now)
        granted = min(wanted, max(0, int(self._tokens + 1e-9)))
        self._tokens -= granted
        return granted

    def owe(self, amount: float, now: float) -> float:
        """Take tokens that may not be there yet; return when they are."""
        self._refill(now)
        self._tokens -= amount
        return now + max(0.0, -self._tokens) / self.rate

    def _refill(self, now: float) -> None:
        self._tokens = min(self._most, self._tokens + (now - self._at) * self.rate)
        self._at = now


class Processor:
    """Does one thing after the other, at `speed` times a whole core."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self.free_at = 0.0
        self.busy = 0.0

    def work(self, seconds: float, now: float) -> float:
        """Do what takes a whole core so many seconds; return when that is done."""
        took = seconds / self.speed
        self.busy += took
        self.free_at = max(now, self.free_at) + took
        return self.free_at


class MustWait(Exception):
    """The rate limiter would sleep for so many `seconds` now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Pace:
    """The rate limiter of a container, as the service has it: what it would sleep for, it says."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._rate = connections_api.posts_per_container(settings)
        burst = connections_api.burst_per_container(settings)
        self._limiter = RateLimiter(self._rate, burst=burst, clock=clock, sleep=_say)
        self._refused = 0

    def take(self, wanted: int) -> tuple[int, float]:
        """Return how many of the wanted posts may go out now, and the seconds until more may.

        Where many posts are simulated as one, all of them are waited for at once.
        """
        granted = 0
        try:
            for _ in self._limiter.throttle(range(wanted)):
                granted += 1
        except MustWait as wait:
            return granted, max(wait.seconds, wanted / self._rate)
        return granted, 0.0

    def refuse(self, count: int) -> None:
        """Note that so many posts were refused, each to another member."""
        for _ in range(min(count, rate_limiter.REFUSED_CONNECTIONS)):
            self._refused += 1
            self._limiter.note_refusal(str(self._refused))


def _say(seconds: float) -> None:
    raise MustWait(seconds)


@dataclass(slots=True)
class Partition:
    """One shard of a room in its DynamoDB partition, and the read units taken in each second."""

    name: str
    bucket: TokenBucket
    units: Counter[int] = field(default_factory=Counter)
    waited: float = 0.0

    def read(self, units: float, now: float) -> float:
        """Read; return when the partition gets to it.

        What is over the limit waits: as if the store's repetitions succeeded.
        """
        ready = self.bucket.owe(units, now)
        self.units[int(ready)] += round(units)
        self.waited = max(self.waited, ready - now)
        return ready
