"""How long others take: drawn from the percentiles that are known of it."""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Self

BEYOND = 1.5
"""The longest that is drawn, as a multiple of the largest percentile that is known."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds, by rising probability; in between, their logarithm is interpolated."""

    probabilities: tuple[float, ...]
    logarithms: tuple[float, ...]

    @classmethod
    def of(cls, percentiles: Mapping[str, float]) -> Self:
        """Read `{"p50": 16.2, "p99": 105}`, in milliseconds."""
        points = sorted((float(name[1:]) / 100, ms / 1000) for name, ms in percentiles.items())
        points = [(0.0, points[0][1]), *points, (1.0, points[-1][1] * BEYOND)]
        return cls(tuple(p for p, _ in points), tuple(math.log(s) for _, s in points))

    @classmethod
    def fixed(cls, seconds: float) -> Self:
        """Return a time that is always the same."""
        return cls((0.0, 1.0), (math.log(seconds),) * 2)

    def draw(self, random: Random) -> float:
        """Return one time, in seconds."""
        chance = random.random()
        above = bisect_right(self.probabilities, chance)
        low, high = self.probabilities[above - 1], self.probabilities[above]
        first, last = self.logarithms[above - 1], self.logarithms[above]
        return math.exp(first + (last - first) * (chance - low) / (high - low))

    def times(self, factor: float) -> Self:
        """Return the same, so many times as long."""
        more = math.log(factor)
        return type(self)(self.probabilities, tuple(log + more for log in self.logarithms))
