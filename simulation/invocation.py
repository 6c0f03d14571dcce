"""One invocation of broadcast: reads ahead, posts, leaves the rest (`fanout`, `reading`)."""

from collections.abc import Callable
from math import ceil

from simulation import sizes
from simulation.container import Container
from simulation.sender import Sender
from simulation.world import Part, Task, World
from roomcast_backend.fanout.prefetch import READ_AT_ONCE
from roomcast_backend.fanout.work import (
    MAX_REQUEUES,
    MEMBERS_PER_MESSAGE,
    REQUEUE_DELAY_SECONDS,
)
from roomcast_backend.runtime.time_budget import RESERVE
from roomcast_backend.stores.rooms import BATCH

READERS = 16
"""Threads that read, as `reading._readers` has."""

WRITES_BEFORE = 3
"""Writes of an event before its members are read: begun, logged, counted."""

Put = Callable[[Task, float], None]
"""Queues a task, to be taken after so many seconds."""


class Invocation:
    """Does a task; calls `ended` when the function returns."""

    def __init__(
        self, world: World, container: Container, task: Task, *, put: Put, ended: Callable[[], None]
    ) -> None:
        self._world = world
        self._container = container
        self._task = task
        self._put = put
        self._ended = ended
        self._to_read = list(task.parts)
        self._reading = 0
        until = world.loop.now + world.timeout - RESERVE
        self._sender = Sender(world, container, task.event, until=until, done=self._posted)

    def begin(self) -> None:
        """Do what comes before reading."""
        container = self._container
        cpu = self._world.constants.invocation_cpu + container.first_cpu
        container.first_cpu = 0.0
        if not self._task.from_bus:
            cpu += container.first_page_cpu
            container.first_page_cpu = 0.0
        started = container.processor.work(cpu, self._world.loop.now)
        self._world.loop.at(started, self._write, WRITES_BEFORE if self._task.from_bus else 0)

    def _write(self, count: int) -> None:
        if count:
            took = self._world.constants.writing.draw(self._world.random)
            self._container.call_store(took, lambda: self._write(count - 1))
        else:
            self._read_parts()

    def _read_parts(self) -> None:
        while self._to_read and self._reading < READERS:
            self._reading += 1
            self._read(self._to_read.pop(0), self._task.size)

    def _part_read(self) -> None:
        self._reading -= 1
        self._read_parts()
        if not self._reading:
            self._sender.close()

    def _read(self, part: Part, size: int) -> None:
        """Read the next members of a part, at most `size` in all."""
        world = self._world
        asked = part.left if self._task.only else min(READ_AT_ONCE, size)
        count = min(asked, part.left)
        took = part.partition.read(self._units(count), world.loop.now) - world.loop.now
        for _ in range(ceil(count / BATCH) if self._task.only else 1):
            took += world.constants.querying.draw(world.random)
        took += count * sizes.ANSWER_BYTES / 1024 * world.constants.querying_per_kb

        def answered() -> None:
            cpu = count * world.constants.member_cpu
            parsed = self._container.processor.work(cpu, world.loop.now)
            world.loop.at(parsed, self._found, Part(part.partition, part.left - count), count, more)

        # A query that was answered in full says that there may be more, even where there is none.
        more = 0 if self._task.only or count < asked else size
        self._container.call_store(took, answered)

    def _found(self, rest: Part, count: int, size: int) -> None:
        self._sender.add(count)
        if size > READ_AT_ONCE:
            self._read(rest, size - READ_AT_ONCE)
        elif size:
            task = Task(self._task.event, (rest,), self._world.settings.page_size)
            self._queue(task, 0.0, self._part_read)
        else:
            self._part_read()

    def _units(self, count: int) -> float:
        return count if self._task.only else sizes.members_read_units(count)

    def _queue(self, task: Task, delay: float, then: Callable[[], None]) -> None:
        """Put a task into the queue: the message is on its way while its sender is answered."""
        world = self._world
        world.record.messages += 1
        self._put(task, delay)
        sent = world.constants.sending.draw(world.random)
        self._container.call_store(sent, lambda: self._note(then))

    def _note(self, then: Callable[[], None]) -> None:
        """Note in the events table what was queued, or that all of it is done."""
        self._container.call_store(self._world.constants.writing.draw(self._world.random), then)

    def _posted(self) -> None:
        self._leave(self._sender.left)

    def _leave(self, left: int) -> None:
        """Queue those who were not reached, then return."""
        task, world = self._task, self._world
        if left and task.attempt < MAX_REQUEUES:
            some = min(left, MEMBERS_PER_MESSAGE)
            again = Task(
                task.event,
                (Part(task.parts[0].partition, some),),
                some,
                only=True,
                attempt=task.attempt + 1,
            )
            self._queue(again, REQUEUE_DELAY_SECONDS, lambda: self._leave(left - some))
            return
        world.record.lost += left
        self._note(self._ended)
