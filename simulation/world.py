"""What all parts of a run share: time, chance, API Gateway, the event and what is recorded."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from roomcast.envelope import Envelope
from roomcast_backend.fanout.prefetch import Span
from roomcast_backend.fanout.work import Work
from roomcast_backend.settings import Settings
from simulation.capacity import Partition, Processor, TokenBucket
from simulation.constants import Constants
from simulation.latency import Latency
from simulation.loop import Loop


@dataclass(frozen=True, slots=True)
class Room:
    """A room by its shards: partition and number of members of each; a member's id is its place."""

    name: str
    partitions: tuple[Partition, ...]
    members: tuple[int, ...]

    def page(self, work: Work, count: int) -> tuple[int, str | None]:
        """Return how many members a read finds, and behind which one there may be more.

        As DynamoDB does: a query that was answered in full says so, even where there is none.
        """
        if work.only:
            return len(work.only), None
        place = int(work.after or 0)
        found = min(count, self.members[work.shard] - place)
        return found, str(place + found) if found == count else None


@dataclass(slots=True)
class Event:
    """A published event and how far its delivery has come; times in seconds."""

    room: Room
    published: float
    reached: int = 0
    first: float = math.inf
    last: float = math.nan

    @property
    def members(self) -> int:
        """How many members the event is for."""
        return sum(self.room.members)

    @property
    def envelope(self) -> Envelope:
        """The event as the service's own `Work` carries it."""
        return Envelope("", "", "", "", (self.room.name,), {})

    def reach(self, count: int, now: float) -> None:
        """Note that so many more members were answered for."""
        self.reached += count
        self.first = min(self.first, now)
        self.last = now


@dataclass(frozen=True, slots=True)
class Task:
    """What one invocation is to do: read and post to spans of the event's room."""

    event: Event
    spans: tuple[Span, ...]
    from_bus: bool = False


@dataclass(slots=True)
class Record:
    """What happened in a run."""

    posts: Counter[int] = field(default_factory=Counter)
    """Posts that API Gateway took, by second."""

    refused: int = 0
    lost: int = 0
    messages: int = 0
    invocations: int = 0
    cold_starts: int = 0
    concurrency: int = 0
    durations: list[float] = field(default_factory=list)
    """Of each invocation, in seconds."""


class Gateway:
    """API Gateway's side: its quota, the time it takes; of the local stub also its processor."""

    def __init__(
        self,
        quota: TokenBucket,
        *,
        answering: Latency,
        round_trip: float,
        server: Processor | None = None,
        post_cpu: float = 0.0,
        handshake_cpu: float = 0.0,
    ) -> None:
        self._quota = quota
        self._answering = answering
        self._round_trip = round_trip
        self._server = server
        self._post_cpu = post_cpu
        self._handshake_cpu = handshake_cpu

    def handshake(self, count: int, now: float) -> float:
        """Return when so many connections are open."""
        if self._server:
            now = self._server.work(count * self._handshake_cpu, now)
        return now + 2 * self._round_trip

    def post(self, count: int, now: float, random: Random) -> tuple[int, float]:
        """Return how many posts are taken (the others get 429), and when all are answered."""
        if self._server:
            now = self._server.work(count * self._post_cpu, now)
        return self._quota.take(count, now), now + self._answering.draw(random)


@dataclass(frozen=True, slots=True)
class World:
    """One run; `grain` posts of a container are simulated as one."""

    settings: Settings
    constants: Constants
    gateway: Gateway
    new_processor: Callable[[], Processor]
    random: Random
    grain: int = 1
    timeout: float = 60.0
    loop: Loop = field(default_factory=Loop)
    record: Record = field(default_factory=Record)
