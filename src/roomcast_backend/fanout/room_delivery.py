"""Delivers an event to the members of one room that a reader finds."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from roomcast_backend.fanout.room_reader import Reached, RoomReader
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.fanout.work import REQUEUE_DELAY_SECONDS, Work, requeued
from roomcast_backend.model.connection import Member
from roomcast_backend.protocol.event_frame import EventFrames

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


class RoomDelivery:
    """Posts to members, and queues what one invocation does not reach."""

    def __init__(
        self,
        *,
        rooms: "ShardedPageReader",
        events: "FanOutRecorder",
        sender: "MemberSender",
        terminator: "ExpiredCloser",
        queue: "WorkQueue",
        frames: EventFrames,
        clock: Callable[[], float],
    ) -> None:
        self._rooms = rooms
        self._events = events
        self._sender = sender
        self._terminator = terminator
        self._queue = queue
        self._frames = frames
        self._clock = clock

    def reader(self, parts: Sequence[Work], size: int) -> RoomReader:
        """Return what reads the members of some shards of a room, `size` of each."""
        return RoomReader(self._rooms, parts, size=size, queue_rest=self._put, clock=self._clock)

    def deliver(
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
        tally.filtered += reader.filtered
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
        """Record that some work is queued, then queue it.

        The record tells a client that reconnects whether a delivery may still be under way. Were
        it written second, the work could be done before: the event would be under way for ever.
        """
        self._events.note_queued(work.envelope.key, work.name)
        self._queue.put(work, delay=delay)
