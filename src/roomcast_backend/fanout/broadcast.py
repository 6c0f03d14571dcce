"""Delivers one event to every member of its rooms.

event ─▶ a page of each room: read and posted to at the same time
           ├─ more members      ─▶ queue: the rest of the shard, page by page
           └─ unreached members ─▶ queue: those members, after a delay

The first post comes after two calls in sequence:

begin |----|                                    notes that the fan-out begins, or was complete
log   |-----|                                   the event in the log of each room
read        |------|      |---|                 members of all rooms
post               |--| |--|  |-|
count       |----|                              the statistics
complete                         |---|

Reading begins after the log is written, not with it. Somebody who comes back joins first and then
asks the log: the event is either there by then, or the members are read later and include them.

join ─▶ log is asked ─▶ log is written ─▶ members are read: with them
          log is written ─▶ members are read ─▶ join ─▶ log is asked: it has the event
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from roomcast.envelope import Envelope
from roomcast_backend.fanout.room_reader import Reached, RoomReader
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.fanout.work import (
    REQUEUE_DELAY_SECONDS,
    Work,
    page_of_shard,
    requeued,
    whole_event,
)
from roomcast_backend.model.connection import Member
from roomcast_backend.protocol.event_frame import EventFrames
from roomcast_backend.settings import Settings
from roomcast_backend.stores.events import FanOutState

if TYPE_CHECKING:
    from roomcast_backend.fanout.ports import (
        ExpiredCloser,
        FanOutRecorder,
        MemberSender,
        ShardedPageReader,
        WorkQueue,
    )


class MembersUnreached(Exception):
    """Members were not reached in any attempt; the work goes to the dead-letter queue."""


class FanOut:
    """Delivers events to the members of their rooms. Every step can be repeated safely."""

    def __init__(
        self,
        settings: Settings,
        *,
        rooms: "ShardedPageReader",
        events: "FanOutRecorder",
        sender: "MemberSender",
        terminator: "ExpiredCloser",
        queue: "WorkQueue",
        frames: EventFrames,
        count_event: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._page_size = settings.page_size
        self._rooms = rooms
        self._events = events
        self._sender = sender
        self._terminator = terminator
        self._queue = queue
        self._frames = frames
        self._count_event = count_event
        self._clock = clock

    def broadcast(self, envelope: Envelope, *, until: float) -> Tally:
        """Deliver an event to a page of each room, until the clock says `until` (epoch seconds).

        Members beyond the page and members for whom there was no time go to the queue. The bus may
        repeat an event: it is delivered again only when its first fan-out was not completed.
        """
        started = self._clock()
        tally = Tally()
        state = self._begin(envelope, started)
        if state is FanOutState.COMPLETE:
            tally.repeated = True
            return tally
        with self._counted(envelope.id, first_time=state is FanOutState.NEW):
            self._deliver_rooms(envelope, started=started, until=until, tally=tally)
            self._events.complete(envelope.id, now=self._clock())
        return tally

    def deliver(self, work: Work, *, until: float) -> Tally:
        """Do one queued part of a fan-out, until the clock says `until` (epoch seconds).

        Raise `MembersUnreached` when members are still unreached after the last attempt.
        """
        tally = Tally()
        self._deliver(work, self._reader([work], self._page_size), until=until, tally=tally)
        self._events.note_done(work.envelope.id, work.name, now=self._clock())
        return tally

    def _begin(self, envelope: Envelope, started: float) -> FanOutState:
        """Note that the fan-out begins, and write the event to the log at the same time.

        The log of a repeated event stays as it is. A crash leaves one without the other: the event
        is repeated, and each of them is written again.
        """
        logged = _beside().submit(self._events.log, envelope, now=started)
        try:
            return self._events.begin(envelope.id, now=int(started))
        finally:
            logged.result()

    @contextmanager
    def _counted(self, event_id: str, *, first_time: bool) -> Iterator[None]:
        """Count an event while what is inside is done; an error of it is raised at the end.

        By then the fan-out is complete: the event is repeated, but delivered to nobody again.
        """
        counted: Future[None] | None = None
        if first_time:
            counted = _beside().submit(self._count_event, event_id)
        try:
            yield
        finally:
            wait([counted] if counted else [])
        if counted:
            counted.result()

    def _deliver_rooms(
        self, envelope: Envelope, *, started: float, until: float, tally: Tally
    ) -> None:
        """Deliver an event to the first page of each room; the rooms are read side by side."""
        shards = {room: self._rooms.shards(room) for room in envelope.rooms}
        works = whole_event(envelope, shards, started=started)
        rooms = [list(parts) for _, parts in groupby(works, key=lambda part: part.room)]
        readers = [
            self._reader(parts, page_of_shard(self._page_size, len(parts))) for parts in rooms
        ]
        reached = Reached()
        try:
            for reader in readers:
                reader.read_ahead()
            for parts, reader in zip(rooms, readers, strict=True):
                self._deliver(parts[0], reader, reached=reached, until=until, tally=tally)
                reached.add(reader)
        finally:
            for reader in readers:
                reader.close()

    def _reader(self, parts: Sequence[Work], size: int) -> RoomReader:
        return RoomReader(self._rooms, parts, size=size, queue_rest=self._put, clock=self._clock)

    def _deliver(
        self,
        work: Work,
        reader: RoomReader,
        *,
        until: float,
        tally: Tally,
        reached: Reached | None = None,
    ) -> None:
        """Deliver to the members that a reader finds in one room.

        1. The sender takes members from the reader as they are read. Meanwhile the reader queues
           the rest of a shard, so that another invocation continues there at once.
        2. The reader is exhausted: members for whom the event was too large get its data by
           reference, members with an expired token are closed.
        3. Unreached members are queued.
        """
        room = work.room_name
        result = self._sender.post(
            reader.members(reached),
            lambda protocol: self._frames.encode(protocol, work.envelope, room),
            room=room,
            until=until,
        )
        tally.add(result)
        tally.queued_pages += reader.queued
        unreached = result.unreached + self._post_by_reference(
            work, result.too_large, until=until, tally=tally
        )
        tally.expired += self._terminator.close_expired(reader.expired, room=room, until=until)
        self._requeue(work, unreached, tally)

    def _post_by_reference(
        self, work: Work, members: Sequence[Member], *, until: float, tally: Tally
    ) -> list[Member]:
        """Post the event with a link to its data; return the members that were not reached."""
        if not members:
            return []
        small, room = self._frames.small(work.envelope), work.room_name
        result = self._sender.post(
            members,
            lambda protocol: self._frames.encode(protocol, small, room),
            room=room,
            until=until,
        )
        tally.add(result)
        return result.unreached

    def _requeue(self, work: Work, unreached: Sequence[Member], tally: Tally) -> None:
        """Queue unreached members for a later attempt, or raise when that was the last."""
        if not unreached:
            return
        if work.is_last_attempt:
            raise MembersUnreached(
                f"{len(unreached)} members were not reached in {work.attempt} attempts"
            )
        for retry in requeued(work, [member.connection_id for member in unreached]):
            self._put(retry, delay=REQUEUE_DELAY_SECONDS)
        tally.queued_members += len(unreached)

    def _put(self, work: Work, *, delay: int = 0) -> None:
        """Queue some work, then record that it is queued.

        The record tells a client that reconnects whether a delivery may still be under way. It is
        written second, so that the queue does not wait for it: until this invocation calls
        `complete` or `note_done`, the fan-out counts as under way anyway.
        """
        self._queue.put(work, delay=delay)
        self._events.note_queued(work.envelope.id, work.name)


@cache
def _beside() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="beside")
