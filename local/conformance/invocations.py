"""Runs the service's functions side by side, as Lambda does, and what they invoke after them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar, copy_context
from typing import Any, Final, TypeVar

AT_ONCE: Final = 64

T = TypeVar("T")
Asked = list[tuple[float, Callable[[], Any]]]

_asked: ContextVar[Asked] = ContextVar("asked")


def invoke_later(function: Callable[[], Any], *, delay: float = 0) -> None:
    """Have a function run some seconds after the one that is running has been answered.

    An asynchronous invocation waits in a queue of Lambda's first; a reply is on its way at once.
    """
    _asked.get().append((delay, function))


class Invocations:
    """Runs functions, which may block, in threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="invocation")
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def run(self, function: Callable[[], T]) -> AsyncIterator[T]:
        """Give what a function returns; once that is made use of, begin what it has asked for."""
        asked: Asked = []
        context = copy_context()
        context.run(_asked.set, asked)
        loop = asyncio.get_running_loop()
        yield await loop.run_in_executor(self._threads, context.run, function)
        for delay, following in asked:
            task = loop.create_task(self._run_after(delay, following))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Begin nothing more."""
        for task in self._tasks:
            task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run_after(self, delay: float, function: Callable[[], Any]) -> None:
        await asyncio.sleep(delay)
        async with self.run(function):
            pass
