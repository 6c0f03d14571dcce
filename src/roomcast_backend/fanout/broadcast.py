"""From one event to every member of its rooms.

event ─▶ a page of each room is posted to at once, while it is still being read
           ├─ more members ─▶ queue: the rest of the shard, page by page
           └─ not reached  ─▶ queue: those members again, later
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from roomcast.envelope import Envelope
from roomcast_backend.fanout.prefetch import Chunk, Read, prefetch
from roomcast_backend.fanout.retry_policy import SortedMembers, members_before, sort_members
from roomcast_backend.fanout.sender import Sender
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.fanout.work import (
    AGAIN_SECONDS,
    PageQueue,
    Work,
    page_of_shard,
    requeued,
    whole_event,
)
from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.model.connection import Member
from roomcast_backend.protocol import codec_named
from roomcast_backend.settings import Settings
from roomcast_backend.stores.events import EventStore, FanOutState
from roomcast_backend.stores.rooms import Page, RoomStore


class MembersUnreached(Exception):
    """Members were not reached in any attempt: the queue's dead letters keep the work."""


class FanOut:
    """Delivers events; every part of it can be repeated."""

    def __init__(
        self,
        settings: Settings,
        *,
        rooms: RoomStore,
        events: EventStore,
        sender: Sender,
        terminator: Terminator,
        queue: PageQueue,
        count_event: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._page_size = settings.page_size
        self._rooms = rooms
        self._events = events
        self._sender = sender
        self._terminator = terminator
        self._queue = queue
        self._count_event = count_event
        self._clock = clock

    def broadcast(self, envelope: Envelope, *, until: float) -> Tally:
        """Deliver a whole event; what does not fit into a page or the time goes to the queue.

        The bus delivers at least once: an event whose fan-out is complete is not delivered again,
        one whose fan-out broke off is.
        """
        started = self._clock()
        tally = Tally()
        state = self._events.begin(envelope.id, now=int(started))
        if state is FanOutState.COMPLETE:
            tally.repeated = True
            return tally
        self._events.log(envelope, now=started)
        if state is FanOutState.NEW:
            self._count_event(envelope.id)
        reached: frozenset[str] = frozenset()
        shards = {room: self._rooms.shards(room) for room in envelope.rooms}
        work = whole_event(envelope, shards, started=started)
        for _, of_room in groupby(work, key=lambda part: part.room):
            parts = list(of_room)
            size = page_of_shard(self._page_size, len(parts))
            reached |= self._deliver(parts, size=size, reached=reached, until=until, tally=tally)
        self._events.complete(envelope.id, now=self._clock())
        return tally

    def deliver(self, work: Work, *, until: float) -> Tally:
        """Do one queued part of a fan-out.

        Raises `MembersUnreached` when members are left after the last attempt.
        """
        tally = Tally()
        self._deliver([work], size=self._page_size, reached=frozenset(), until=until, tally=tally)
        self._events.note_done(work.envelope.id, work.name, now=self._clock())
        return tally

    def _deliver(
        self,
        parts: Sequence[Work],
        *,
        size: int,
        reached: frozenset[str],
        until: float,
        tally: Tally,
    ) -> frozenset[str]:
        """Do parts of the same room side by side; return whom they were for.

        The rest of a shard is queued once its page is read, so that another invocation goes on
        with it while this page is still being posted to.
        """
        work = parts[0]
        rest: list[Work] = []
        found: list[SortedMembers] = []

        def leave(part: Work) -> None:
            self._put(part)
            rest.append(part)

        def members() -> Iterator[Member]:
            for chunk in prefetch(parts, self._read(reached), leave, size=size):
                found.append(chunk.sorting)
                yield from chunk.sorting.deliver

        result = self._sender.post(
            members(),
            lambda protocol: _frame(protocol, work),
            room=work.room_name,
            until=until,
        )
        tally.add(result)
        tally.queued_pages += len(rest)
        expired = [member for sorting in found for member in sorting.expired]
        tally.expired += self._terminator.expired(expired, room=work.room_name, until=until)
        self._leave_to_queue(work, result.left, tally)
        return frozenset(member.connection_id for sorting in found for member in sorting.deliver)

    def _read(self, reached: frozenset[str]) -> Read:
        """Return what reads a part, leaving out who gets the event through an earlier room."""

        def read(part: Work, count: int) -> Chunk:
            page = self._page(part, count)
            skip = reached | self._reached_elsewhere(part, page.members)
            return Chunk(sort_members(page.members, skip=skip, now=self._clock()), page.after)

        return read

    def _page(self, work: Work, size: int) -> Page:
        if work.only:
            return Page(self._rooms.among(work.room_name, work.only), None)
        return self._rooms.page(work.room_name, work.shard, size=size, after=work.after)

    def _reached_elsewhere(self, work: Work, members: Sequence[Member]) -> frozenset[str]:
        """Return which members get the event through an earlier room of it."""
        if not members or not work.room:
            return frozenset()
        ids = [member.connection_id for member in members]
        reached: set[str] = set()
        for room in work.envelope.rooms[: work.room]:
            there = self._rooms.overlap(room, ids)
            reached.update(members_before(there, started=work.started))
        return frozenset(reached)

    def _leave_to_queue(self, work: Work, left: Sequence[Member], tally: Tally) -> None:
        if not left:
            return
        if work.is_last_attempt:
            raise MembersUnreached(
                f"{len(left)} members were not reached in {work.attempt} attempts"
            )
        for again in requeued(work, [member.connection_id for member in left]):
            self._put(again, delay=AGAIN_SECONDS)
        tally.queued_members += len(left)

    def _put(self, work: Work, *, delay: int = 0) -> None:
        """Queue some work, and keep note of it: who comes back is told what may be under way.

        Noting it comes second, so that the queue need not wait for that; meanwhile the fan-out is
        under way for the invocation's own sake, until `complete` or `note_done`.
        """
        self._queue.put(work, delay=delay)
        self._events.note_queued(work.envelope.id, work.name)


def _frame(protocol: str, work: Work) -> bytes:
    return codec_named(protocol).encode_event(work.envelope, work.room_name).encode()
