"""Values that are made at their first use and shared by the threads of one process."""

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class ForkLocal(Generic[T]):
    """Make a value at its first use, once in each process.

    A forked child (gunicorn's preload, Celery's prefork) makes its own: threads do not survive a
    fork, and sockets must not be shared across it. The lock is the child's own, too:

        thread A of the parent: takes the lock, makes the value …
        thread B of the parent: forks; in the child the lock is taken, by a thread that is not there
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: tuple[int, T] | None = None
        _all.add(self)

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

    def forget_parent(self) -> None:
        """Drop the value and the lock of the parent; called in a child that has one thread."""
        self._lock = threading.Lock()
        self._made = None


_all: "weakref.WeakSet[ForkLocal[Any]]" = weakref.WeakSet()


def _forget_parent() -> None:
    for value in list(_all):
        value.forget_parent()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_forget_parent)
