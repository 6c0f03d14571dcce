"""Members that are read ahead, chunk by chunk."""

from collections.abc import Generator, Iterator
from threading import Event

import pytest

from roomcast.envelope import Envelope, new_id
from roomcast_backend.fanout.prefetch import READ_AT_ONCE, Chunk, prefetch
from roomcast_backend.fanout.retry_policy import SortedMembers
from roomcast_backend.fanout.work import Work
from roomcast_backend.model.connection import Member

PATIENCE = 10


def work(shard: int = 0) -> Work:
    envelope = Envelope(
        new_id(), "project.updated", "2026-01-01T00:00:00Z", "s", ("project:p",), {}
    )
    return Work(envelope, 0.0, 0, shard)


class Shards:
    """Shards with so many members each, whose ids are numbers."""

    def __init__(self, *sizes: int) -> None:
        self.parts = [work(shard) for shard in range(len(sizes))]
        self.sizes = sizes
        self.left: list[Work] = []
        self.reads: list[int] = []

    def read(self, part: Work, count: int) -> Chunk:
        first = int(part.after or "-1") + 1
        end = min(first + count, self.sizes[part.shard])
        self.reads.append(count)
        members = [Member(f"{n:06d}", f"shard{part.shard}", 9, 0) for n in range(first, end)]
        after = members[-1].connection_id if end < self.sizes[part.shard] else None
        return Chunk(SortedMembers(members, []), after)

    def chunks(self, size: int) -> Iterator[Chunk]:
        return prefetch(self.parts, self.read, self.left.append, size=size)

    def members(self, size: int) -> list[tuple[str, str]]:
        found = [member for chunk in self.chunks(size) for member in chunk.members.deliver]
        return [(member.protocol, member.connection_id) for member in found]


class TestReadAhead:
    def test_all_members_of_all_parts_once(self) -> None:
        shards = Shards(3, 0, READ_AT_ONCE * 2 + 1)
        found = shards.members(size=READ_AT_ONCE * 4)
        assert len(found) == len(set(found)) == READ_AT_ONCE * 2 + 4
        assert shards.left == []

    def test_no_read_asks_for_more_than_a_chunk_or_the_size(self) -> None:
        shards = Shards(10_000)
        shards.members(size=READ_AT_ONCE * 2 + 7)
        assert shards.reads == [READ_AT_ONCE, READ_AT_ONCE, 7]

    def test_the_rest_begins_where_reading_ended(self) -> None:
        shards = Shards(2000, 10)
        found = shards.members(size=700)
        assert len(found) == 710
        [rest] = shards.left
        assert (rest.shard, rest.after) == (0, "000699")

    def test_a_part_of_just_the_size_has_no_rest(self) -> None:
        shards = Shards(700)
        assert len(shards.members(size=700)) == 700
        assert shards.left == []

    def test_the_rest_is_left_while_nobody_takes_the_pages(self) -> None:
        shards = Shards(2000)
        left = Event()
        chunks = prefetch(shards.parts, shards.read, lambda _: left.set(), size=1000)
        next(chunks)
        assert left.wait(PATIENCE)
        assert isinstance(chunks, Generator)
        chunks.close()

    def test_the_first_chunk_comes_before_the_last_is_read(self) -> None:
        shards = Shards(2000)
        taken = Event()

        def read(part: Work, count: int) -> Chunk:
            if part.after is not None:
                assert taken.wait(PATIENCE)
            return shards.read(part, count)

        chunks = prefetch(shards.parts, read, shards.left.append, size=2000)
        assert len(next(chunks).members.deliver) == READ_AT_ONCE
        taken.set()
        assert sum(len(chunk.members.deliver) for chunk in chunks) == 2000 - READ_AT_ONCE

    def test_an_error_of_a_reader_is_raised(self) -> None:
        def read(part: Work, count: int) -> Chunk:
            raise RuntimeError("no answer")

        with pytest.raises(RuntimeError, match="no answer"):
            list(prefetch([work()], read, lambda _: None, size=10))

    def test_a_rest_that_cannot_be_left_is_an_error(self) -> None:
        def leave(_: Work) -> None:
            raise RuntimeError("no queue")

        shards = Shards(20)
        with pytest.raises(RuntimeError, match="no queue"):
            list(prefetch(shards.parts, shards.read, leave, size=10))
