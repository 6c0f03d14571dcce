"""Runs operations side by side, one call of a table at a time, in an order that is drawn.

Each operation runs in a thread of its own, which stops before each call. When all have stopped, one
of them is chosen to make its call; the choices that were made are the schedule.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from threading import Condition, Thread
from typing import Any

from roomcast_backend.aws.dynamodb import DynamoDb
from tests.fakes.tables import Forwarding

Operation = Callable[[DynamoDb], object]


class Inline(Executor):
    """Runs at once what is submitted: a call that is made in another thread is one more call."""

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return a future that is done."""
        done: Future[Any] = Future()
        try:
            done.set_result(function(*args, **kwargs))
        except Exception as exc:
            done.set_exception(exc)
        return done


class Run:
    """One run of some operations, in the order that `choose` says."""

    def __init__(self, tables: DynamoDb, choose: Callable[[int], int]) -> None:
        self._tables = tables
        self._choose = choose
        self._changed = Condition()
        self._waiting: list[int] = []
        self._running = 0
        self._errors: list[BaseException] = []

    def run(self, operations: Sequence[Operation]) -> None:
        """Return when all operations have ended; raise the first error of one."""
        self._running = len(operations)
        threads = [
            Thread(target=self._operate, args=(index, operation), daemon=True)
            for index, operation in enumerate(operations)
        ]
        for thread in threads:
            thread.start()
        while self._step():
            pass
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _step(self) -> bool:
        """Let one operation make its call, once all that run have stopped before theirs."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self._running, timeout=30)
            if not self._waiting:
                return False
            waiting = sorted(self._waiting)
            self._waiting.remove(waiting[self._choose(len(waiting))])
            self._running += 1
            self._changed.notify_all()
        return True

    def _operate(self, index: int, operation: Operation) -> None:
        def stop() -> None:
            with self._changed:
                self._waiting.append(index)
                self._running -= 1
                self._changed.notify_all()
                self._changed.wait_for(lambda: index not in self._waiting)

        try:
            operation(DynamoDb(Forwarding(self._tables, stop)))  # type: ignore[arg-type]
        except BaseException as exc:
            self._errors.append(exc)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()


def some_orders(count: int, *, seed: int) -> Iterator[Callable[[int], int]]:
    """Yield what chooses at random, the same for the same seed."""
    for number in range(count):
        draw = random.Random(f"{seed} {number}")  # noqa: S311
        yield draw.randrange
