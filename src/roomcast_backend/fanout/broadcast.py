"""Delivers one event to every member of its rooms.

event ─▶ a page of each room: read and posted to at the same time
           ├─ more members      ─▶ queue: the rest of the shard, page by page
           └─ unreached members ─▶ queue: those members, after a delay
"""

import time
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from roomcast.envelope import Envelope
from roomcast_backend.fanout.room_reader import RoomReader
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.fanout.work import (
    REQUEUE_DELAY_SECONDS,
    Work,
    page_of_shard,
    requeued,
    whole_event,
)
from roomcast_backend.model.connection import Member
from roomcast_backend.protocol import codec_named
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
        """Deliver an event to a page of each room, until the clock says `until` (epoch seconds).

        Members beyond the page and members for whom there was no time go to the queue. The bus may
        repeat an event: it is delivered again only when its first fan-out was not completed.
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
        """Do one queued part of a fan-out, until the clock says `until` (epoch seconds).

        Raise `MembersUnreached` when members are still unreached after the last attempt.
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
        """Deliver parts of the same room; return the ids of the members they were for.

        1. The sender takes members from the reader as they are read. Meanwhile the reader queues
           the rest of a shard, so that another invocation continues there at once.
        2. The reader is exhausted: members with an expired token are closed.
        3. Unreached members are queued.
        """
        work = parts[0]
        room = work.room_name
        reader = RoomReader(
            self._rooms,
            parts,
            size=size,
            reached=reached,
            queue_rest=self._put,
            clock=self._clock,
        )
        result = self._sender.post(
            reader.members(), lambda protocol: _frame(protocol, work), room=room, until=until
        )
        tally.add(result)
        tally.queued_pages += reader.queued
        tally.expired += self._terminator.close_expired(reader.expired, room=room, until=until)
        self._requeue(work, result.unreached, tally)
        return reader.delivered

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


def _frame(protocol: str, work: Work) -> bytes:
    return codec_named(protocol).encode_event(work.envelope, work.room_name).encode()
