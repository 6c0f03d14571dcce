"""One invocation of broadcast: reads ahead, posts, queues the rest (`fanout`, simulated)."""

from collections.abc import Callable, Iterator
from functools import partial
from math import ceil

from roomcast_backend.fanout import work as fanout
from roomcast_backend.fanout.prefetch import READERS, Span
from roomcast_backend.fanout.work import Work
from roomcast_backend.runtime.time_budget import RESERVE
from roomcast_backend.stores.batch_items import MOST_READS
from simulation import sizes
from simulation.container import Container
from simulation.sender import Sender
from simulation.world import Task, World

WRITES_BEFORE = 2
"""Writes of an event before its members are read, side by side: begun, given a position."""

WRITES_AFTER = 2
"""Writes of an event when all is done, one after the other: complete, under way no more."""

Put = Callable[[Work, float], None]
"""Queues work, to be taken after so many seconds."""


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
        self._to_read = list(task.spans)
        self._reading = 0
        self._held: int | None = None
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
        if self._task.from_bus:
            self._world.loop.at(started, self._write, WRITES_BEFORE, self._log)
        else:
            self._world.loop.at(started, self._read_parts)

    def _log(self) -> None:
        """Log the event, and read its members at the same time; hold them until it is logged."""
        self._held = 0
        self._write(1, self._logged)
        self._read_parts()

    def _logged(self) -> None:
        held, self._held = self._held, None
        self._sender.add(held or 0)
        if not self._reading:
            self._sender.close()

    def _write(self, count: int, then: Callable[[], None]) -> None:
        """Write to the events table so many times side by side, and go on after the last."""
        constants, random = self._world.constants, self._world.random
        took = max(constants.write.draw(random) for _ in range(count))
        self._container.call_store(took, then)

    def _read_parts(self) -> None:
        while self._to_read and self._reading < READERS:
            self._reading += 1
            self._read(self._to_read.pop(0))

    def _part_read(self) -> None:
        self._reading -= 1
        self._read_parts()
        if not self._reading and self._held is None:
            self._sender.close()

    def _read(self, span: Span) -> None:
        """Read the next members of a part."""
        world, room = self._world, self._task.event.room
        count, after = room.page(span.part, span.count)
        units = count if span.part.only else sizes.members_read_units(count)
        partition = room.partitions[span.part.shard]
        took = partition.read(units, world.loop.now) - world.loop.now
        for _ in range(ceil(count / MOST_READS) if span.part.only else 1):
            took += world.constants.query.draw(world.random)
        took += count * sizes.ANSWER_BYTES / 1024 * world.constants.query_per_kb

        def answered() -> None:
            cpu = count * world.constants.member_read_cpu
            parsed = self._container.processor.work(cpu, world.loop.now)
            world.loop.at(parsed, self._found, span, count, after)

        self._container.call_store(took, answered)

    def _found(self, span: Span, count: int, after: str | None) -> None:
        if self._held is None:
            self._sender.add(count)
        else:
            self._held += count
        if after is None:
            self._part_read()
            return
        rest = span.continue_after(after)
        if rest.count:
            self._read(rest)
        else:
            self._queue(rest.part, 0.0, self._part_read)

    def _queue(self, work: Work, delay: float, then: Callable[[], None]) -> None:
        """Put work into the queue and note it: it is on its way while its sender is answered."""
        world = self._world
        world.record.messages += 1
        self._put(work, delay)
        sent = world.constants.send_message.draw(world.random)
        self._container.call_store(sent, partial(self._write, 1, then))

    def _posted(self) -> None:
        """Queue those who were not reached, unless this was their last attempt."""
        work, unreached = self._task.spans[0].part, self._sender.unreached
        if work.is_last_attempt:
            self._world.record.lost += unreached
            unreached = 0
        self._requeue(fanout.requeued(work, ("",) * unreached))

    def _requeue(self, works: Iterator[Work]) -> None:
        if work := next(works, None):
            self._queue(work, fanout.REQUEUE_DELAY_SECONDS, partial(self._requeue, works))
        else:
            self._end(WRITES_AFTER if self._task.from_bus else 1)

    def _end(self, writes: int) -> None:
        """Write what is left to write, one after the other."""
        self._write(1, partial(self._end, writes - 1) if writes > 1 else self._ended)
