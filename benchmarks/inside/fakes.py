"""Stores that answer at once. What they take the place of is said by each function here.

They replace methods, not parts: whatever puts the service together gets them. So a program that
uses them is for nothing else.
"""

from collections import deque
from collections.abc import Sequence

from benchmarks.aws_answers import connection, member
from roomcast.envelope import Envelope
from roomcast_backend.fanout.work import PageQueue, Work
from roomcast_backend.model.connection import Connection, Member
from roomcast_backend.model.event_count import EventCount
from roomcast_backend.model.room_log import Entry, Placed
from roomcast_backend.stores.connections import ConnectionStore, RateLimit
from roomcast_backend.stores.event_counts import EventCounts
from roomcast_backend.stores.events import EventStore, FanOutState
from roomcast_backend.stores.memberships import ChangeResult, MembershipStore
from roomcast_backend.stores.room_log import RoomLog
from roomcast_backend.stores.room_states import RoomStates
from roomcast_backend.stores.rooms import Page, RoomStore

POSITION = 1_800_000_000_000


def members_at_once(ids: list[str]) -> None:
    """Let every room have these members, ready-made: nothing is asked, parsed or built."""
    members = [member(connection_id) for connection_id in ids]
    positions = {connection_id: position for position, connection_id in enumerate(ids)}

    def page(
        self: RoomStore, room: str, shard: int, *, size: int, after: str | None = None
    ) -> Page:
        start = positions[after] + 1 if after else 0
        found = members[start : start + size]
        more = start + size < len(members)
        return Page(found, found[-1].connection_id if more else None)

    RoomStore.page = page  # type: ignore[method-assign]


def events_at_once() -> None:
    """Let every event be new, and log and count it nowhere."""
    EventStore.begin = lambda *_args, **_more: FanOutState.NEW  # type: ignore[method-assign]
    EventStore.complete = lambda *_args, **_more: EventCount()  # type: ignore[method-assign]
    EventStore.note_queued = lambda *_args, **_more: None  # type: ignore[method-assign]
    EventStore.note_done = lambda *_args, **_more: EventCount()  # type: ignore[method-assign]
    RoomLog.place = _place  # type: ignore[method-assign]
    RoomLog.put = _put  # type: ignore[method-assign]
    RoomLog.release = lambda *_args, **_more: None  # type: ignore[method-assign]
    RoomStates.read = lambda *_args, **_more: {}  # type: ignore[method-assign]
    RoomStates.note = lambda *_args, **_more: None  # type: ignore[method-assign]
    EventCounts.add = lambda *_args, **_more: None  # type: ignore[method-assign]


def _place(
    self: RoomLog, envelope: Envelope, *, now: float, fenced: Sequence[Placed] = ()
) -> list[Placed]:
    return [Placed(room, POSITION, order=POSITION) for room in envelope.rooms]


def _put(self: RoomLog, envelope: Envelope, places: Sequence[Placed], *, now: float) -> list[Entry]:
    return [Entry(each.room, POSITION, envelope, POSITION, POSITION) for each in places]


def connections_at_once(connection_id: str) -> None:
    """Let every frame come from one connection, never too fast, and every change succeed."""
    found = connection(connection_id)

    def admit(
        self: ConnectionStore, connection_id: str, *, now: int, limit: RateLimit, uncounted: int = 0
    ) -> Connection:
        return found

    ConnectionStore.admit = admit  # type: ignore[method-assign]
    MembershipStore.join = lambda *_args, **_more: ChangeResult.DONE  # type: ignore[method-assign]
    MembershipStore.leave = lambda *_args, **_more: ChangeResult.DONE  # type: ignore[method-assign]


def queue_in_memory() -> deque[str]:
    """Let work be queued in the deque that is returned, as messages."""
    queue: deque[str] = deque()

    def put(self: PageQueue, work: Work, *, delay: int = 0) -> None:
        queue.append(work.to_message())

    PageQueue.put = put  # type: ignore[method-assign]
    return queue


def crowd(count: int, *, shards: int) -> None:
    """Let every room have `count` members, made when they are read, the same number per shard."""

    def page(
        self: RoomStore, room: str, shard: int, *, size: int, after: str | None = None
    ) -> Page:
        start = int(after[5:13]) + 1 if after else 0
        total = count // shards + (shard < count % shards)
        found = [_one_of_many(shard, number) for number in range(start, min(start + size, total))]
        return Page(found, found[-1].connection_id if start + size < total else None)

    RoomStore.page = page  # type: ignore[method-assign]


def _one_of_many(shard: int, number: int) -> Member:
    return member(f"L0{shard:03d}{number:08d}Ih=")
