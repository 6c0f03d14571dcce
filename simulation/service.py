"""The service from the bus to the last member: containers, the queue and its workers."""

from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from math import inf

from roomcast_backend.fanout import work as fanout
from roomcast_backend.fanout.prefetch import READERS, Span
from roomcast_backend.fanout.work import Work
from roomcast_backend.stores import keys
from simulation.capacity import Partition, TokenBucket
from simulation.container import WINDOW, Container
from simulation.invocation import Invocation
from simulation.world import Event, Room, Task, World

SPREAD_BY_CHANCE = 20_000
"""Members of a room whose shards are of different sizes; beyond they differ by a few percent."""


class Functions:
    """Runs tasks in containers; what there is no room for waits.

    Of idle containers the one that was used last is taken: which one Lambda takes is not known.
    """

    def __init__(
        self, world: World, put: Callable[[Event, Work, float], None], *, warm: int
    ) -> None:
        self.world = world
        self._put = put
        self._idle: list[Container] = []
        self.set_up(warm=warm)
        self._running = 0
        self._refused: deque[tuple[Task, Callable[[], None]]] = deque()

    def invoke(self, task: Task, ended: Callable[[], None]) -> None:
        """Run a task as soon as the account's concurrency allows."""
        world = self.world
        if self._running >= world.constants.concurrency:
            self._refused.append((task, ended))
            return
        self._running += 1
        world.record.concurrency = max(world.record.concurrency, self._running)
        world.record.invocations += 1
        container = self.take(task)
        ready = world.loop.now
        if container is None:
            world.record.cold_starts += 1
            container = Container(world)
            # A container starts with a whole core, whatever its memory.
            ready += world.constants.sandbox.draw(world.random)
            ready += world.constants.cold_start / world.constants.core_speed
        world.loop.at(ready, self._begin, container, task, ended, world.loop.now)

    def set_up(self, *, warm: int) -> None:
        """Make the containers that are there from the beginning, with connections."""
        for _ in range(warm):
            container = Container(self.world)
            container.connect(connections=WINDOW, stores=READERS)
            self._idle.append(container)

    def take(self, _task: Task) -> Container | None:
        """Return a container that is idle."""
        return self._idle.pop() if self._idle else None

    def give_back(self, container: Container) -> None:
        """Have a container back."""
        self._idle.append(container)

    def _begin(
        self, container: Container, task: Task, ended: Callable[[], None], invoked: float
    ) -> None:
        record = self.world.record

        def over() -> None:
            self._running -= 1
            self.give_back(container)
            record.durations.append(self.world.loop.now - invoked)
            ended()
            if self._refused:
                self.invoke(*self._refused.popleft())

        put = partial(self._put, task.event)
        Invocation(self.world, container, task, put=put, ended=over).begin()


class Workers:
    """The queue of pages and those who work it off, as many as Lambda's pollers allow."""

    def __init__(self, world: World, invoke: Callable[[Task, Callable[[], None]], None]) -> None:
        self._world = world
        self._invoke = invoke
        self._waiting: deque[Task] = deque()
        self._running = 0
        self._busy_since = inf
        self._asked = False

    def put(self, task: Task, delay: float) -> None:
        """Take a task after so many seconds, at the earliest."""
        loop = self._world.loop
        took = self._world.constants.queue.draw(self._world.random)
        loop.at(loop.now + delay + took, self._arrive, task)

    def _arrive(self, task: Task) -> None:
        self._busy_since = min(self._busy_since, self._world.loop.now)
        self._waiting.append(task)
        self._start()

    def _start(self) -> None:
        while self._waiting and self._running < self._limit():
            self._running += 1
            self._invoke(self._waiting.popleft(), self._ended)
        if self._waiting and self._limit() < self._world.settings.page_workers and not self._asked:
            self._asked = True
            more = 60 / self._world.constants.pollers_more_per_minute
            self._world.loop.at(self._world.loop.now + more, self._ask_again)

    def _ask_again(self) -> None:
        self._asked = False
        self._start()

    def _ended(self) -> None:
        """Free a poller: it takes the next message as long after as any message takes."""
        loop = self._world.loop
        loop.at(loop.now + self._world.constants.queue.draw(self._world.random), self._free)

    def _free(self) -> None:
        self._running -= 1
        self._start()

    def _limit(self) -> int:
        constants = self._world.constants
        passed = max(0.0, self._world.loop.now - self._busy_since)
        pollers = constants.pollers_at_first + int(passed * constants.pollers_more_per_minute / 60)
        return min(self._world.settings.page_workers, pollers)


class Service:
    """Delivers events that are published at some times to rooms."""

    def __init__(
        self, world: World, *, warm: int = 0, functions: type[Functions] = Functions
    ) -> None:
        self._world = world
        self._functions = functions(world, self._put, warm=warm)
        self._workers = Workers(world, self._functions.invoke)
        self.events: list[Event] = []

    def publish(self, room: Room, at: float = 0.0) -> Event:
        """Publish an event at a time; run the world's loop to have it delivered."""
        world, event = self._world, Event(room, at)
        self.events.append(event)
        shards = range(len(room.partitions))
        size = fanout.page_of_shard(world.settings.page_size, len(shards))
        works = fanout.whole_event(event.envelope, {room.name: shards}, started=at)
        task = Task(event, tuple(Span(work, size) for work in works), from_bus=True)
        came = at + world.constants.bus.draw(world.random)
        world.loop.at(came, self._functions.invoke, task, _nothing)
        return event

    def _put(self, event: Event, work: Work, delay: float) -> None:
        span = Span(work, self._world.settings.page_size)
        self._workers.put(Task(event, (span,)), delay)


def room(world: World, name: str, members: int) -> Room:
    """Return a room with members spread over its shards as connection ids are: by chance."""
    limit = world.constants.partition_reads_per_s
    shards = len(keys.shards_of(name, world.settings.global_shards))
    partitions = tuple(
        Partition(keys.partition(name, shard), TokenBucket(limit, limit)) for shard in range(shards)
    )
    return Room(name, partitions, _spread(world, members, shards))


def _spread(world: World, members: int, shards: int) -> tuple[int, ...]:
    """Return how many of the members are in each shard; in large rooms about the same number."""
    if members > SPREAD_BY_CHANCE:
        return tuple((members + shard) // shards for shard in range(shards))
    drawn = Counter(world.random.choices(range(shards), k=members))
    return tuple(drawn[shard] for shard in range(shards))


def _nothing() -> None:
    pass
