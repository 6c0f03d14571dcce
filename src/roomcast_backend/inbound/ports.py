"""What this package asks of the stores: each Protocol has only the methods that one caller uses.

The stores have these methods; in tests and in the conformance server, tables in memory have them.
Modules import this one for annotations only (`if TYPE_CHECKING`), so a cold start never loads it.
Times are epoch seconds, unless a method says otherwise.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

from roomcast.rooms import Room
from roomcast_backend.gateway.paced_posts import Budget
from roomcast_backend.inbound.replay import Replayed
from roomcast_backend.lifecycle.ports import CommandCounter, ConnectionReader
from roomcast_backend.model.access import Principal
from roomcast_backend.model.connection import Connection
from roomcast_backend.model.order import Sent
from roomcast_backend.model.polling import Pending
from roomcast_backend.model.recovery import RecoverableSession
from roomcast_backend.model.room_log import Entry, LogHead
from roomcast_backend.model.type_filter import EVERYTHING, TypeFilter
from roomcast_backend.state.telling import REPLY_BYTES, Page, Told
from roomcast_backend.stores.memberships import ChangeResult
from roomcast_backend.stores.sessions import Begun


class RateLimitedConnections(ConnectionReader, CommandCounter, Protocol):
    """Reads connections and counts their commands; `ConnectionStore` in production."""


class MembershipChanger(Protocol):
    """Changes the rooms and the token of a connection; `MembershipStore` in production.

    `sent` is when the client sent the command; what was sent later is not undone.
    """

    def settle(self, connection: Connection, *, now: int) -> ChangeResult:
        """Join the automatic rooms, once."""
        ...

    def join(
        self,
        connection: Connection,
        room: Room,
        *,
        now: int,
        sent: Sent | None = None,
        types: TypeFilter = EVERYTHING,
    ) -> ChangeResult:
        """Put the connection into a room; joining twice is joining once, with the last `types`."""
        ...

    def join_all(
        self,
        connection: Connection,
        rooms: Collection[Room],
        *,
        now: int,
        sent: Sent,
        types: TypeFilter = EVERYTHING,
    ) -> ChangeResult:
        """Put the connection into some rooms; `STALE` when anything has changed meanwhile."""
        ...

    def leave(
        self, connection: Connection, room: Room, *, now: int, sent: Sent | None = None
    ) -> ChangeResult:
        """Take the connection out of a room."""
        ...

    def leave_all(
        self, connection: Connection, rooms: Collection[Room], *, now: int, sent: Sent
    ) -> ChangeResult:
        """Take the connection out of some rooms; `STALE` when anything has changed meanwhile."""
        ...

    def renew(
        self,
        connection: Connection,
        principal: Principal,
        *,
        now: int,
        sent: Sent | None = None,
    ) -> ChangeResult:
        """Give the connection a token, the first or a fresh one."""
        ...


class RoomLogReader(Protocol):
    """Reads the logs of rooms; `RoomLog` in production."""

    def newest_first(
        self, room: str, *, now: float, down_to: int = 0
    ) -> tuple[LogHead | None, Iterator[Entry]]:
        """Return the head of a room's log, None without one, and its entries, the newest first."""
        ...

    def at(self, room: str, positions: Collection[int]) -> list[Entry]:
        """Return the entries at some positions, as far as they are there."""
        ...

    def settle(self, room: str, position: int, *, now: float) -> Entry:
        """Return what is at a position, after an empty entry is written if nothing is."""
        ...

    def has_older(self, room: str, *, now: float) -> bool:
        """Tell whether containers of a version without positions have logged events of a room."""
        ...


class FanOutTimes(Protocol):
    """Tells when fan-outs began and ended, in epoch milliseconds; `EventStore` in production."""

    def begun_at(self, event_id: str) -> int | None:
        """Return when an event's fan-out began first; None if it is unknown."""
        ...

    def under_way(self, event_ids: Collection[str], *, at: int) -> frozenset[str]:
        """Return the events whose fan-out may not have ended by `at`."""
        ...


class SessionWriter(Protocol):
    """Begins and ends Socket.IO sessions; `SessionStore` in production."""

    def begin(
        self, connection: Connection, namespace: str, session: Connection, *, now: int
    ) -> Begun:
        """Store a session in its rooms, unless its namespace has one: that is kept."""
        ...

    def change_secret(self, session: Connection) -> None:
        """Store the secret of a session instead of the one that it had, unless it is gone."""
        ...

    def end(
        self, connection: Connection, namespace: str, session_id: str, *, sent: Sent, now: int
    ) -> Connection | None:
        """Delete a session and its memberships; the connection may begin it anew.

        Returns the session if it goes on as a new one, for a CONNECT that was sent later.
        """
        ...


class RecoveryReader(Protocol):
    """Finds sessions by the secrets of their clients; `RecoveryStore` in production."""

    def get(self, secret: str, *, now: int) -> RecoverableSession | None:
        """Return the session with a secret, None when it cannot be recovered (any more)."""
        ...


class EventReplayer(Protocol):
    """Posts to a client what it missed; `Replay` in production."""

    def budget(self) -> Budget:
        """Return what one answer may post."""
        ...

    def post(
        self,
        session: Connection,
        rooms: Iterable[str],
        *,
        since: str | int,
        budget: Budget | None = None,
    ) -> Replayed:
        """Post what came to some of a session's rooms after the event `since`.

        Of each room only what the session's filter of it takes.
        """
        ...


class StateTelling(Protocol):
    """Tells what is current in rooms; `StateTeller` in production."""

    def keeps(self, room: str) -> bool:
        """Tell whether the entities of a room are kept."""
        ...

    def page(
        self, room: str, *, types: TypeFilter = EVERYTHING, after: str = "", most: int = REPLY_BYTES
    ) -> Page:
        """Return entities of a room after a key, at most `most` bytes of them."""
        ...

    def post(self, session: Connection, rooms: list[str], *, budget: Budget | None = None) -> Told:
        """Post what is current in some of a session's rooms, of each what its filter takes."""
        ...


class PresenceReader(Protocol):
    """Tells who is in rooms; `PresenceStore` in production."""

    def users(self, room: str) -> list[str]:
        """Return all users of whom the members of a room were told that they are there."""
        ...


class UpgradeStore(Protocol):
    """Decides which WebSocket a polling session goes on with; `PollingStore` in production."""

    def claim_upgrade(self, connection_id: str, websocket: str, *, now: int, until: int) -> bool:
        """Let a WebSocket upgrade a session until a time, epoch milliseconds."""
        ...

    def upgrade(self, connection_id: str, websocket: str) -> Sequence[Pending] | None:
        """End the upgrade; return what was kept for the WebSocket, once."""
        ...
