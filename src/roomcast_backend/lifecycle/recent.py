"""Keeps an answer for some seconds, so that a stranger's requests do not read tables each time."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

AnswerT = TypeVar("AnswerT")


class Recent(Generic[AnswerT]):
    """Calls `ask` again when the last answer is older than `seconds`; an error is not kept."""

    def __init__(
        self,
        ask: Callable[[], AnswerT],
        *,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._clock = clock
        self._kept: tuple[float, AnswerT] | None = None

    def __repr__(self) -> str:
        return f"<Recent seconds={self._seconds} kept={self._kept is not None}>"

    def __call__(self) -> AnswerT:
        """Return an answer that is at most `seconds` old."""
        now = self._clock()
        if self._kept is None or now - self._kept[0] >= self._seconds:
            self._kept = (now, self._ask())
        return self._kept[1]
