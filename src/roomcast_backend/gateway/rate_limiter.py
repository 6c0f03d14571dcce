"""Keeps the posts of one container under its share of the account's quota.

API Gateway takes 10,000 @connections calls a second for an account and region by default, of all
that call; one sender alone could make more. Whoever asks for more gets 429.
https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

GRANT_SECONDS = 0.01
"""What is waited for at once: a wait for each post would cost more than the post."""

SLOWEST = 0.02
"""The part of the rate that refusals can bring it down to."""

RECOVERY_SECONDS = 10.0
"""Until the full rate is reached again after a refusal that halved it."""


class RateLimiter:
    """A bucket of tokens: `rate` posts a second, `burst` of them at once after a pause.

    A refusal (429) halves the rate; it recovers evenly. Not for several threads.
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

    def keep(self, items: Iterable[T]) -> Iterator[T]:
        """Yield the items, each when its time has come."""
        for item in items:
            if self._tokens < 1:
                self._wait()
            self._tokens -= 1
            yield item

    def refused(self) -> None:
        """Slow down: the account's quota is used up, by whomever. Once for a burst of refusals."""
        self._refill()
        self._tokens = min(self._tokens, 0.0)
        now = self._clock()
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
