"""Values that are made at their first use and shared by the threads of one process."""

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class ForkLocal(Generic[T]):
    """Make a value at its first use, once in each process.

    A forked child (gunicorn's preload, Celery's prefork) makes its own: threads do not survive a
    fork, and sockets must not be shared across it.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: tuple[int, T] | None = None

    def __call__(self) -> T:
        """Return this process's value; make it at the first call. An error of `make` is raised."""
        with self._lock:
            if self._made is None or self._made[0] != os.getpid():
                self._made = (os.getpid(), self._make())
            return self._made[1]

    def reset(self) -> T | None:
        """Drop and return this process's value, None without one; the next use makes another."""
        with self._lock:
            made, self._made = self._made, None
        return made[1] if made and made[0] == os.getpid() else None
