"""Reads the members that one room adds to an event's recipients, while they are posted to."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from roomcast_backend.fanout.prefetch import Chunk, QueueRest, prefetch
from roomcast_backend.fanout.retry_policy import SortedMembers, members_before, sort_members
from roomcast_backend.fanout.work import Work
from roomcast_backend.model.connection import Member
from roomcast_backend.stores.rooms import Page

if TYPE_CHECKING:
    from roomcast_backend.fanout.ports import PageReader


class RoomReader:
    """Reads parts of one room, up to `size` members of each, and remembers what it found.

    `reached` are the ids of members that have got the event already. The properties are complete
    once `members` is exhausted: until then members are still being read.
    """

    def __init__(
        self,
        rooms: "PageReader",
        parts: Sequence[Work],
        *,
        size: int,
        reached: frozenset[str],
        queue_rest: QueueRest,
        clock: Callable[[], float],
    ) -> None:
        self._rooms = rooms
        self._parts = parts
        self._size = size
        self._reached = reached
        self._queue_rest = queue_rest
        self._clock = clock
        self._found: list[SortedMembers] = []
        self._queued: list[Work] = []

    def __repr__(self) -> str:
        return (
            f"<RoomReader parts={len(self._parts)} chunks={len(self._found)}"
            f" queued={len(self._queued)}>"
        )

    def members(self) -> Iterator[Member]:
        """Yield the members to deliver to, as they are read."""
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
    def queued(self) -> int:
        """The number of parts with more than `size` members, whose rest was queued."""
        return len(self._queued)

    def _queue(self, rest: Work) -> None:
        self._queue_rest(rest)
        self._queued.append(rest)

    def _read(self, part: Work, count: int) -> Chunk:
        page = self._page(part, count)
        skip = self._reached | self._reached_elsewhere(part, page.members)
        return Chunk(sort_members(page.members, skip=skip, now=self._clock()), page.after)

    def _page(self, part: Work, count: int) -> Page:
        if part.only:
            return Page(self._rooms.among(part.room_name, part.only), None)
        return self._rooms.page(part.room_name, part.shard, size=count, after=part.after)

    def _reached_elsewhere(self, part: Work, members: Sequence[Member]) -> frozenset[str]:
        """Return the ids of those members that get the event through an earlier room of it."""
        if not members or not part.room:
            return frozenset()
        ids = [member.connection_id for member in members]
        reached: set[str] = set()
        for room in part.envelope.rooms[: part.room]:
            earlier = self._rooms.overlap(room, ids)
            reached.update(members_before(earlier, started=part.started))
        return frozenset(reached)
