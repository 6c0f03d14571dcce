"""What is delivered for real and in the simulation, to compare the two."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from roomcast_backend.settings import Settings
from simulation.real.rows import Times

TIMES = Times(query=0.010, write=0.005, send=0.005)
"""Seconds that DynamoDB and SQS take in the real run; the simulation is told the same."""

QUEUE_SECONDS = 0.020
"""From putting a message to its worker's start, and from a worker's end to its next start."""

WARM_EVENTS = 6
"""Events that are delivered over connections which are there already."""

COLD_EVENTS = 3
"""Events that meet processes without connections, as after a cold start."""

WARMING_EVENTS = 2
"""Between the two: they open the connections that are still missing."""

PAUSE = 1.0
"""Seconds between events, at least: a container's whole burst is there again."""

UNLIMITED = 1_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """A room and the settings that matter to it."""

    room: str
    members: int
    page_size: int = 1000
    posts_per_second: int = 9000

    @property
    def settings(self) -> Settings:
        """The service's settings for it."""
        return Settings(page_size=self.page_size, posts_per_second=self.posts_per_second)


CASES = (
    *(Case("project:check", members) for members in (1000, 2000, 5000)),
    *(Case("global", members) for members in (1000, 2000, 5000)),
    Case("project:check", 5000, page_size=5000),
    Case("project:check", 5000, page_size=5000, posts_per_second=UNLIMITED),
)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds to the last member, medians: without connections, and with them."""

    cold: float
    warm: float

    @classmethod
    def of(cls, cold: Sequence[float], warm: Sequence[float]) -> "Timing":
        """Sum up several events."""
        return cls(median(cold), median(warm))
