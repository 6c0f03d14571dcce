"""Values that are made at first use and shared by a process's threads."""

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
        """Return this process's value, making it if need be; what `make` raises is not kept."""
        with self._lock:
            if self._made is None or self._made[0] != os.getpid():
                self._made = (os.getpid(), self._make())
            return self._made[1]

    def forget(self) -> T | None:
        """Return this process's value, if there is one, and make a new one at the next use."""
        with self._lock:
            made, self._made = self._made, None
        return made[1] if made and made[0] == os.getpid() else None
