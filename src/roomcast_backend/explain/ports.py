"""What this package asks of the stores, one Protocol for each.

Modules import this one for annotations only (`if TYPE_CHECKING`), so a cold start never loads it.
"""

from collections.abc import Collection, Iterator
from typing import Protocol

from roomcast_backend.model.connection import Connection, Member
from roomcast_backend.model.ended_access import EndedAccess
from roomcast_backend.model.fan_out import FanOutRecord
from roomcast_backend.model.room_log import Entry


class FanOutFinder(Protocol):
    """Finds what is kept of a fan-out; `EventStore` in production."""

    def find(self, event_id: str) -> FanOutRecord | None:
        """Return what is kept of an event's fan-out; None if nothing is."""
        ...


class EntryReader(Protocol):
    """Reads entries of logs; `RoomLog` in production."""

    def at(self, room: str, positions: Collection[int]) -> list[Entry]:
        """Return the entries at some positions, as far as they are there."""
        ...


class MemberReader(Protocol):
    """Reads memberships; `RoomStore` in production."""

    def members(self, room: str, shard: int, *, size: int) -> Iterator[Member]:
        """Yield all members of a shard, reading `size` at a time."""
        ...

    def among(self, room: str, connection_ids: Collection[str]) -> list[Member]:
        """Return those members of a room that are among some connections."""
        ...


class ConnectionReader(Protocol):
    """Reads connections; `ConnectionStore` in production."""

    def get(self, connection_id: str) -> Connection | None:
        """Return a connection, or None when it is unknown or gone."""
        ...


class EndedAccessReader(Protocol):
    """Tells what orders have ended; `EndedAccessStore` in production."""

    def get(self, account: str, *, now: int) -> EndedAccess:
        """Return what is ended of a user's access; `now` is epoch seconds."""
        ...
