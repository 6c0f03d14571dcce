"""Reads the members that one room adds to an event's recipients, while they are posted to."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from roomcast_backend.fanout.prefetch import Chunk, QueueRest, Span, prefetch, shared_readers
from roomcast_backend.fanout.retry_policy import SortedMembers, members_before, sort_members
from roomcast_backend.fanout.work import Work
from roomcast_backend.model.connection import Member
from roomcast_backend.stores.rooms import Page

if TYPE_CHECKING:
    from roomcast_backend.fanout.ports import PageReader


@dataclass(slots=True)
class Reached:
    """Who has got an event through its earlier rooms.

    `ids` are the connection ids of members that this invocation posts to. `whole` are the rooms
    that it has read to their end, so that nobody else gets the event through them.
    """

    ids: frozenset[str] = frozenset()
    whole: set[str] = field(default_factory=set)

    def add(self, reader: "RoomReader") -> None:
        """Add the members of a room that has been read."""
        self.ids |= reader.delivered
        if not reader.queued:
            self.whole.add(reader.room)


class RoomReader:
    """Reads parts of one room, up to `size` members of each, and remembers what it found.

    The properties are complete once `members` is exhausted: until then members are still being
    read.
    """

    def __init__(
        self,
        rooms: "PageReader",
        parts: Sequence[Work],
        *,
        size: int,
        queue_rest: QueueRest,
        clock: Callable[[], float],
    ) -> None:
        self._rooms = rooms
        self._parts = parts
        self._size = size
        self._reached = Reached()
        self._queue_rest = queue_rest
        self._clock = clock
        self._ahead: dict[int, Future[Page]] = {}
        self._found: list[SortedMembers] = []
        self._queued: list[Work] = []

    def __repr__(self) -> str:
        return (
            f"<RoomReader parts={len(self._parts)} chunks={len(self._found)}"
            f" queued={len(self._queued)}>"
        )

    @property
    def room(self) -> str:
        """The name of the room."""
        return self._parts[0].room_name

    def read_ahead(self) -> None:
        """Begin to read the first members of each part, which `members` goes on from."""
        for part in self._parts:
            count = Span(part, self._size).count
            self._ahead[part.shard] = shared_readers().submit(self._page, part, count)

    def await_some(self) -> None:
        """Wait until some of what is read ahead is there; an error of it is raised by `members`."""
        wait(self._ahead.values(), return_when=FIRST_COMPLETED)

    def close(self) -> None:
        """Give up what was read ahead and is not needed."""
        for page in self._ahead.values():
            page.cancel()
        wait(self._ahead.values())

    def members(self, reached: Reached | None = None) -> Iterator[Member]:
        """Yield the members to deliver to, as they are read: not those who were `reached`."""
        self._reached = reached or Reached()
        for chunk in prefetch(self._parts, self._read, self._queue, size=self._size):
            self._found.append(chunk.members)
            yield from chunk.members.deliver

    @property
    def delivered(self) -> frozenset[str]:
        """The connection ids of all members that `members` yielded."""
        return frozenset(member.connection_id for some in self._found for member in some.deliver)

    @property
    def expired(self) -> list[Member]:
        """The members whose token has expired: `members` left them out."""
        return [member for some in self._found for member in some.expired]

    @property
    def filtered(self) -> int:
        """The number of members that do not want events of this type: they were left out."""
        return sum(some.filtered for some in self._found)

    @property
    def queued(self) -> int:
        """The number of parts with more than `size` members, whose rest was queued."""
        return len(self._queued)

    def _queue(self, rest: Work) -> None:
        self._queue_rest(rest)
        self._queued.append(rest)

    def _read(self, part: Work, count: int) -> Chunk:
        ahead = None if part.after else self._ahead.pop(part.shard, None)
        page = ahead.result() if ahead else self._page(part, count)
        skip = self._reached.ids | self._reached_elsewhere(part, page.members)
        found = sort_members(page.members, part.envelope.type, skip=skip, now=self._clock())
        return Chunk(found, page.after)

    def _page(self, part: Work, count: int) -> Page:
        if part.only:
            return Page(self._rooms.among(part.room_name, part.only), None)
        return self._rooms.page(part.room_name, part.shard, size=count, after=part.after)

    def _reached_elsewhere(self, part: Work, members: Sequence[Member]) -> frozenset[str]:
        """Return the ids of those members that others reach through an earlier room of the event.

        Of a room that this invocation has read to its end, the ids are known without a read.
        """
        earlier = [
            room for room in part.envelope.rooms[: part.room] if room not in self._reached.whole
        ]
        if not members or not earlier:
            return frozenset()
        ids = [member.connection_id for member in members]
        reached: set[str] = set()
        for room in earlier:
            found = self._rooms.overlap(room, ids)
            reached.update(members_before(found, part.envelope.type, started=part.started))
        return frozenset(reached)
