"""Discrete events: what happens, in the order of its time, without waiting for it."""

import heapq
from collections.abc import Callable
from itertools import count
from typing import Any


class Loop:
    """Calls functions at their simulated times; `now` in seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = count()

    def at(self, time: float, call: Callable[..., None], *args: Any) -> None:
        """Have a function called at a time; those of the same time in the order they were asked."""
        heapq.heappush(self._due, (max(time, self.now), next(self._order), call, args))

    def run(self) -> None:
        """Go on until nothing is left to happen."""
        due = self._due
        while due:
            self.now, _, call, args = heapq.heappop(due)
            call(*args)
