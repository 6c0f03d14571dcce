"""Runs tasks side by side in simulated time: the same each time for the same random numbers.

A task runs in a thread of its own, until it pauses; only one runs at a time. What happens next is
what is due first, and time passes in no time at all.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from queue import SimpleQueue
from threading import Lock, Thread, local

Step = Callable[[], object]


class _Worker:
    """A thread for one task after the other."""

    def __init__(self, idle: "list[_Worker]") -> None:
        self.steps: SimpleQueue[Step] = SimpleQueue()
        self.go, self.back = Lock(), Lock()
        self.go.acquire()
        self.back.acquire()
        self._idle = idle
        Thread(target=self._work, daemon=True).start()

    def resume(self) -> None:
        """Let the task run until it pauses or ends."""
        self.go.release()
        self.back.acquire()

    def pause(self) -> None:
        self.back.release()
        self.go.acquire()

    def _work(self) -> None:
        _running.worker = self
        while True:
            self.go.acquire()
            self.steps.get()()
            self._idle.append(self)
            self.back.release()


_running = local()
_idle: list[_Worker] = []


class SimulatedTime:
    """Says what time it is, in seconds, and what happens next."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now
        self._due: list[tuple[float, int, Step]] = []
        self._numbers = count()

    def at(self, delay: float, step: Step) -> None:
        """Do something after some seconds."""
        heappush(self._due, (self.now + delay, next(self._numbers), step))

    def start(self, task: Step, *, delay: float = 0.0) -> None:
        """Begin a task after some seconds. It may pause, and must raise nothing."""

        def begin() -> None:
            worker = _idle.pop() if _idle else _Worker(_idle)
            worker.steps.put(task)
            worker.resume()

        self.at(delay, begin)

    def pause(self, seconds: float) -> None:
        """Pause the task that calls this."""
        worker: _Worker = _running.worker
        self.at(seconds, worker.resume)
        worker.pause()

    def run(self, seconds: float) -> None:
        """Let some seconds pass."""
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            self.now, _, step = heappop(self._due)
            step()
        self.now = end
