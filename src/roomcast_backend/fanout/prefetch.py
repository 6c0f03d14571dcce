"""Reads the members for a part of a fan-out, chunk by chunk, while earlier ones are posted to."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from queue import SimpleQueue
from typing import NamedTuple, Self

from roomcast_backend.fanout.retry_policy import SortedMembers
from roomcast_backend.fanout.work import Work

READ_AT_ONCE = 500
"""Members in one read: few enough that the first posts go out soon, some 100 KB of an answer."""

READERS = 16
"""Parts that are read side by side."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a fan-out, of which one invocation reads up to `size` members more."""

    part: Work
    size: int

    @property
    def count(self) -> int:
        """The most members that the next read is for; 0 when the rest is left to the queue."""
        return max(0, min(READ_AT_ONCE, self.size))

    def behind(self, connection_id: str) -> Self:
        """Return what is left after a read that ended with this member."""
        return replace(self, part=self.part.behind(connection_id), size=self.size - self.count)


class Chunk(NamedTuple):
    """Members by what they get; `after` is the connection id behind which there are more."""

    sorting: SortedMembers
    after: str | None


Read = Callable[[Work, int], Chunk]
"""Reads up to so many members of a part."""

Leave = Callable[[Work], None]
"""Takes what another invocation is to do."""


def prefetch(
    parts: Sequence[Work],
    read: Read,
    leave: Leave,
    *,
    size: int,
    readers: Executor | None = None,
) -> Iterator[Chunk]:
    """Yield the members of all `parts`, up to `size` of each, as they are read side by side.

    The rest of a part is given to `leave` as soon as it is known where it begins, so that another
    invocation goes on with it meanwhile. Reading does not wait for whoever takes what is found: at
    most `size` members of each part are held. The first error of a reader is raised.
    """
    found: SimpleQueue[Chunk | None | Exception] = SimpleQueue()

    def read_part(part: Work) -> None:
        try:
            for item in _chunks(part, read, leave, size):
                found.put(item)
            found.put(None)
        except Exception as exc:
            found.put(exc)

    pool = readers or _readers()
    for part in parts:
        pool.submit(read_part, part)
    reading = len(parts)
    while reading:
        item = found.get()
        if isinstance(item, Exception):
            raise item
        if item is None:
            reading -= 1
        else:
            yield item


def _chunks(part: Work, read: Read, leave: Leave, size: int) -> Iterator[Chunk]:
    span = Span(part, size)
    while span.count:
        chunk = read(span.part, span.count)
        yield chunk
        if chunk.after is None:
            return
        span = span.behind(chunk.after)
    leave(span.part)


@cache
def _readers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(READERS, thread_name_prefix="page")
