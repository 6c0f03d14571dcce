"""The bus, the queue and Lambda: gives tasks to worker processes as they would."""

import multiprocessing
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from benchmarks.machine import CannotMeasure
from simulation.real import worker
from simulation.real.worker import Done, Queued, Setup

PATIENCE = 60.0

Pipe = "Connection[Any, Any]"


@dataclass(slots=True)
class Delivery:
    """One event: seconds to its first and last answer, answers, and processor time."""

    started: float
    first: float = float("inf")
    last: float = 0.0
    answers: int = 0
    invocations: int = 0
    cpu: float = 0.0

    def add(self, done: Done) -> None:
        """Add an invocation."""
        self.invocations += 1
        self.cpu += done.cpu
        if done.answers:
            self.answers += done.answers
            self.first = min(self.first, done.first - self.started)
            self.last = max(self.last, done.last - self.started)


@dataclass(slots=True)
class Dispatcher:
    """One process has the events of the bus, the others the pages, the longest idle one first.

    A message is taken `queue_seconds` after it was put, and as long after a worker was done.
    """

    bus: "Connection[Any, Any]"
    queue_seconds: float
    idle: deque[Any] = field(default_factory=deque)
    _due: deque[tuple[float, str]] = field(default_factory=deque)
    _rests: deque[tuple[float, Any]] = field(default_factory=deque)
    _busy: set[Any] = field(default_factory=set)

    def deliver(self, event: Mapping[str, Any]) -> Delivery:
        """Have an event delivered to its last member."""
        delivery = Delivery(time.monotonic())
        self.bus.send(event)
        self._busy.add(self.bus)
        while self._busy or self._due:
            self._give()
            for pipe in wait(list(self._busy), self._until_next()):
                self._hear(pipe, delivery)
        while self._rests:
            self.idle.append(self._rests.popleft()[1])
        return delivery

    def _hear(self, pipe: Any, delivery: Delivery) -> None:
        try:
            told = pipe.recv()
        except EOFError as exc:
            raise CannotMeasure("a worker ended before its task was done") from exc
        if isinstance(told, Queued):
            self._due.append((told.at + self.queue_seconds, told.message))
            return
        delivery.add(told)
        self._busy.remove(pipe)
        if pipe is not self.bus:
            self._rests.append((time.monotonic() + self.queue_seconds, pipe))

    def _give(self) -> None:
        now = time.monotonic()
        while self._rests and self._rests[0][0] <= now:
            self.idle.append(self._rests.popleft()[1])
        while self._due and self.idle and self._due[0][0] <= now:
            pipe = self.idle.popleft()
            pipe.send(self._due.popleft()[1])
            self._busy.add(pipe)

    def _until_next(self) -> float:
        """Return the seconds until a message or a worker may be taken."""
        moments = [moment for moment, _ in (*list(self._rests)[:1], *list(self._due)[:1])]
        later = [moment for moment in moments if moment > time.monotonic()]
        return max(0.0, min(later, default=time.monotonic() + PATIENCE) - time.monotonic())


@contextmanager
def workers(setup: Setup, *, pages: int, queue_seconds: float) -> Iterator[Dispatcher]:
    """Start processes, one for the bus and some for pages; end them with the block."""
    spawn = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for _ in range(1 + pages):
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=worker.main, args=(theirs, setup), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    try:
        for pipe in pipes:
            if not pipe.poll(PATIENCE) or pipe.recv() != "ready":
                raise CannotMeasure("a worker does not start")
        yield Dispatcher(pipes[0], queue_seconds, deque(pipes[1:]))
    finally:
        for pipe, process in zip(pipes, processes, strict=True):
            with suppress(OSError):
                pipe.send(None)
            process.join(1.0)
            process.terminate()
            process.join()
            pipe.close()
