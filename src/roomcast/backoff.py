"""How long to wait before something is tried again, and how often to try."""

import random
from collections.abc import Callable
from dataclasses import dataclass

MOST_DOUBLINGS = 64
"""Every cap is reached before; without an end to the retries 2.0**1024 would overflow."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff: the longest wait starts at `base` seconds and doubles up to `cap`.

    `attempts` is how often something is tried in all, the first time included; 0 leaves the end
    to the caller, who waits until a moment rather than for a number of attempts.
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    base: float
    cap: float
    attempts: int

    def pause(self, retry: int, draw: Callable[[], float] = random.random) -> float:
        """Return the seconds to wait before retry 0, 1, 2, ...: full jitter.

        `draw` returns a random number from 0 to 1.
        """
        return draw() * self.longest(retry)

    def longest(self, retry: int) -> float:
        """Return the longest pause before retry 0, 1, 2, ... in seconds."""
        return min(self.cap, self.base * 2.0 ** min(retry, MOST_DOUBLINGS))
