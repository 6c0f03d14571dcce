"""Reads members ahead, in chunks, while members of earlier chunks are posted to.

part ─▶ reader thread ─▶ chunk, chunk, … ─▶ found ─▶ prefetch() ─▶ the caller
           └─ `size` members read: the rest of the part ─▶ queue_rest
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from queue import SimpleQueue
from typing import NamedTuple, Self

from roomcast_backend.fanout.retry_policy import SortedMembers
from roomcast_backend.fanout.work import Work

READ_AT_ONCE = 500
"""Members in one read: the first posts go out soon, and an answer has some 100 KB."""

READERS = 16
"""Parts that one container reads concurrently."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a fan-out of which one invocation still reads up to `size` members."""

    part: Work
    size: int

    @property
    def count(self) -> int:
        """The most members of the next read; 0 when the rest is for the queue."""
        return max(0, min(READ_AT_ONCE, self.size))

    def continue_after(self, connection_id: str) -> Self:
        """Return the span that follows a read that ended with this connection id."""
        part = self.part.continue_after(connection_id)
        return replace(self, part=part, size=self.size - self.count)


class Chunk(NamedTuple):
    """Some members of a part; more follow after the connection id `after`, none if it is None."""

    members: SortedMembers
    after: str | None


ReadChunk = Callable[[Work, int], Chunk]
"""Reads the next members of a part, up to a count."""

QueueRest = Callable[[Work], None]
"""Queues the rest of a part for another invocation. Reader threads call it."""


def prefetch(
    parts: Sequence[Work],
    read: ReadChunk,
    queue_rest: QueueRest,
    *,
    size: int,
    readers: Executor | None = None,
) -> Iterator[Chunk]:
    """Yield up to `size` members of each part, in chunks. The parts are read concurrently.

    `queue_rest` is called as soon as it is known where the rest of a part begins, so that another
    invocation continues there at the same time. Readers do not wait for the caller: at most `size`
    members of each part are held in memory. The first error of a reader is raised.
    """
    found: SimpleQueue[Chunk | None | Exception] = SimpleQueue()

    def read_part(part: Work) -> None:
        """Put a part's chunks, then None for its end; or the error that ended it."""
        try:
            for chunk in _read_chunks(part, read, queue_rest, size):
                found.put(chunk)
            found.put(None)
        except Exception as exc:
            found.put(exc)

    pool = readers or shared_readers()
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


def _read_chunks(part: Work, read: ReadChunk, queue_rest: QueueRest, size: int) -> Iterator[Chunk]:
    span = Span(part, size)
    while span.count:
        chunk = read(span.part, span.count)
        yield chunk
        if chunk.after is None:
            return
        span = span.continue_after(chunk.after)
    queue_rest(span.part)


@cache
def shared_readers() -> ThreadPoolExecutor:
    """Return the threads in which one container reads."""
    return ThreadPoolExecutor(READERS, thread_name_prefix="page")
