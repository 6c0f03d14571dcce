"""What the parts of a fan-out ask of the stores and of each other, one Protocol for each caller.

The stores have these methods; in tests, tables in memory have them. Modules import this one for
annotations only (`if TYPE_CHECKING`), so a cold start never loads it. `now` and `until` are epoch
seconds.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from roomcast.envelope import Envelope
from roomcast_backend.fanout.sender import Encode, SendResult
from roomcast_backend.fanout.work import Work
from roomcast_backend.model.connection import Member
from roomcast_backend.model.event_count import EventCount
from roomcast_backend.model.room_log import Entry, Placed
from roomcast_backend.stores.events import FanOutState
from roomcast_backend.stores.room_states import Row
from roomcast_backend.stores.rooms import Page
from roomcast_backend.stores.sweeps import Swept


class RosterReader(Protocol):
    """Reads the members of a room page by page; `RoomStore` in production."""

    def page(self, room: str, shard: int, *, size: int, after: str | None = None) -> Page:
        """Return up to `size` members of a shard that come after a connection id."""
        ...


class SweepLease(Protocol):
    """One run's hold of the record; `Lease` in production."""

    @property
    def swept(self) -> Swept | None:
        """How far the runs before it came, None: unknown."""
        ...

    def save(self, swept: Swept, *, until: float, swept_until: int) -> None:
        """Note how far this run has come; raise `LeaseLost`."""
        ...


class SweepRecorder(Protocol):
    """Keeps how far the heartbeats have come; `SweepStore` in production."""

    def claim(self, *, now: float, until: float) -> SweepLease | None:
        """Hold the record until a time, unless another run does; None when it is held."""
        ...


class PageReader(RosterReader, Protocol):
    """Reads members of a room page by page, or by their ids; `RoomStore` in production."""

    def among(self, room: str, connection_ids: Collection[str]) -> list[Member]:
        """Return those members of a room that are among some connections."""
        ...

    def overlap(self, room: str, connection_ids: Collection[str]) -> list[Member]:
        """Return the members of a room that are among some connections, and maybe others."""
        ...


class ShardedPageReader(PageReader, Protocol):
    """Reads pages of a room, and knows its shards; `RoomStore` in production."""

    def shards(self, room: str) -> range:
        """Return the shards that together hold the room."""
        ...


class FanOutRecorder(Protocol):
    """Writes how far each fan-out has come; `EventStore` in production."""

    def begin(self, event_id: str, *, now: int, event: Envelope) -> FanOutState:
        """Note that an event's fan-out begins; tell what was noted of it before."""
        ...

    def complete(
        self,
        event_id: str,
        *,
        now: float,
        event: Envelope,
        places: Sequence[Placed],
        posts: int,
    ) -> EventCount | None:
        """Note that every member was posted to, or is part of work in the queue.

        Returns what the queued work came to, once the fan-out has ended; None before.
        """
        ...

    def note_queued(self, event_id: str, work: str) -> None:
        """Note that a part of an event's fan-out, `work` by name, goes to the queue."""
        ...

    def note_done(
        self, event_id: str, work: str, *, now: float, count: EventCount = ...
    ) -> EventCount | None:
        """Note that this work is done; return likewise."""
        ...


class LogWriter(Protocol):
    """Gives events their positions and writes them to the logs; `RoomLog` in production."""

    def place(
        self, envelope: Envelope, *, now: float, fenced: Sequence[Placed] = ()
    ) -> list[Placed]:
        """Give an event a position in each of its rooms; new ones instead of the `fenced`."""
        ...

    def put(self, envelope: Envelope, places: Sequence[Placed], *, now: float) -> list[Entry]:
        """Write an event's entries; return what is at each of its places then."""
        ...

    def skip(self, places: Sequence[Placed], *, now: float) -> None:
        """Write empty entries, unless something is there already."""
        ...

    def release(
        self, event_id: str, rooms: Sequence[str], *, places: Sequence[Placed] = ()
    ) -> None:
        """Note that an event's fan-out has ended."""
        ...

    def recent(self, room: str, *, before: int, limit: int) -> list[Entry]:
        """Return up to `limit` entries before a position, the newest first."""
        ...


class StateWriter(Protocol):
    """Keeps what is known of the entities of rooms; `RoomStates` in production."""

    def keeps(self, room: str) -> bool:
        """Tell whether the entities of a room are kept."""
        ...

    def read(self, entity: str, rooms: Iterable[str]) -> dict[str, Row]:
        """Return the row of an entity in each of some rooms."""
        ...

    def note(
        self,
        entity: str,
        event: Envelope,
        places: Sequence[Placed],
        *,
        known: Mapping[str, Row],
        now: int,
    ) -> None:
        """Merge an event into the row of its entity in each of its rooms; it can be repeated."""
        ...


class WorkQueue(Protocol):
    """Takes work for later invocations; `PageQueue` in production."""

    def put(self, work: Work, *, delay: int = 0) -> None:
        """Queue some work; it is delivered after `delay` seconds (at most 900)."""
        ...


class MemberSender(Protocol):
    """Posts to members; `Sender` in production."""

    def post(
        self, members: Iterable[Member], encode: Encode, *, room: str, until: float
    ) -> SendResult:
        """Post to every member of `room`, until the clock says `until`."""
        ...


class ExpiredCloser(Protocol):
    """Closes connections whose token has expired; `Terminator` in production."""

    def close_expired(self, members: Sequence[Member], *, room: str, until: float) -> int:
        """Close and delete connections of members of `room`; return how many were deleted."""
        ...
