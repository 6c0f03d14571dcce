"""Keeps the posts of one container under its share of the account's quota.

By default API Gateway accepts 10,000 @connections calls per second and answers 429 beyond that. All
callers of an account and region share this quota, and one container alone could exceed it.
https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

GRANT_SECONDS = 0.01
"""The shortest wait: to wait before each post would cost more than the post."""

REFUSED_CONNECTIONS = 3
"""From so many different connections on, refusals are about the account's rate.

A single connection is also refused when its client does not read: that must slow down nobody else.
https://docs.aws.amazon.com/AWSJavaSDK/latest/javadoc/com/amazonaws/services/apigatewaymanagementapi/model/LimitExceededException.html
"""

REFUSAL_SECONDS = 1.0
"""The time within which these connections are refused."""

SLOWEST = 0.02
"""The lowest rate after refusals, as a fraction of the full rate."""

RECOVERY_SECONDS = 10.0
"""The time in which a halved rate becomes the full rate again."""


class RateLimiter:
    """A token bucket: `rate` posts per second, and up to `burst` at once after a pause.

    Refusals (429) of several connections halve the rate, which then grows linearly to the full
    rate. Not thread-safe.
    """

    def __init__(
        self,
        rate: float,
        *,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._full_rate = self._rate = rate
        self._burst = max(burst, rate * GRANT_SECONDS)
        self._tokens = self._burst
        self._at = clock()
        self._clock = clock
        self._sleep = sleep
        self._halved_at = 0.0
        self._refused: dict[str, float] = {}

    def __repr__(self) -> str:
        return (
            f"<RateLimiter rate={self._rate:.1f}/{self._full_rate:.1f} per second,"
            f" tokens={self._tokens:.1f}/{self._burst:.0f}>"
        )

    def throttle(self, items: Iterable[T]) -> Iterator[T]:
        """Yield each item when the rate allows it."""
        for item in items:
            if self._tokens < 1:
                self._wait()
            self._tokens -= 1
            yield item

    def note_refusal(self, connection_id: str) -> None:
        """Note that a post was refused; slow down when several connections were, in a short time.

        Refusals within a second halve the rate once.
        """
        now = self._clock()
        self._refused = {
            refused: at for refused, at in self._refused.items() if now - at < REFUSAL_SECONDS
        }
        self._refused[connection_id] = now
        if len(self._refused) >= REFUSED_CONNECTIONS:
            self._refused.clear()
            self._slow_down(now)

    def _slow_down(self, now: float) -> None:
        self._refill()
        self._tokens = min(self._tokens, 0.0)
        if now - self._halved_at >= 1:
            self._halved_at = now
            self._rate = max(self._rate / 2, self._full_rate * SLOWEST)

    def _wait(self) -> None:
        self._refill()
        while self._tokens < 1:
            missing = max(GRANT_SECONDS, (1 - self._tokens) / self._rate)
            self._sleep(missing)
            self._refill()

    def _refill(self) -> None:
        now = self._clock()
        passed, self._at = max(0.0, now - self._at), now
        self._tokens = min(self._burst, self._tokens + passed * self._rate)
        regained = self._full_rate / 2 * passed / RECOVERY_SECONDS
        self._rate = min(self._full_rate, self._rate + regained)
