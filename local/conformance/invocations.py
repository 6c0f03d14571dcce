"""Runs the service's functions side by side, as Lambda does, and what they invoke after them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import ContextVar, copy_context
from typing import Any, Final, TypeVar

AT_ONCE: Final = 64

T = TypeVar("T")
Requests = list[tuple[float, Callable[[], Any]]]

_requested: ContextVar[Requests] = ContextVar("requested")


def invoke_later(function: Callable[[], Any], *, delay: float = 0) -> None:
    """Run a function `delay` seconds after the reply of the function that is running.

    As in Lambda: an asynchronous invocation waits in a queue first, a reply is sent at once.
    """
    _requested.get().append((delay, function))


class Invocations:
    """Runs functions, which may block, in threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="invocation")
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def run(self, function: Callable[[], T]) -> AsyncIterator[T]:
        """Yield what a function returns; after the block start what it has requested."""
        requested: Requests = []
        context = copy_context()
        context.run(_requested.set, requested)
        loop = asyncio.get_running_loop()
        yield await loop.run_in_executor(self._threads, context.run, function)
        for delay, following in requested:
            task = loop.create_task(self._run_after(delay, following))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Start nothing more."""
        for task in self._tasks:
            task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run_after(self, delay: float, function: Callable[[], Any]) -> None:
        await asyncio.sleep(delay)
        async with self.run(function):
            pass
