"""What this package asks of the stores: each Protocol has only the methods that one caller uses.

The stores have these methods; in tests and in the conformance server, tables in memory have them.
Modules import this one for annotations only (`if TYPE_CHECKING`), so a cold start never loads it.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from roomcast.rooms import Room
from roomcast_backend.gateway.paced_posts import Chosen
from roomcast_backend.model.connection import Connection, Member
from roomcast_backend.model.ended_access import EndedAccess
from roomcast_backend.model.polling import PollingSession
from roomcast_backend.stores.connections import RateLimit, RateLimited
from roomcast_backend.stores.memberships import ChangeResult


class PendingConnections(Protocol):
    """Finds and marks connections without a token; `ConnectionStore` in production."""

    def get(self, connection_id: str) -> Connection | None:
        """Return a connection, or None when it is unknown or gone."""
        ...

    def close_pending(self, connection_id: str) -> bool:
        """Mark a connection as closing if it has had no token: from then on it gets none."""
        ...


class ConnectionReader(Protocol):
    """Reads connections; `ConnectionStore` in production."""

    def get(self, connection_id: str) -> Connection | None:
        """Return a connection, or None when it is unknown or gone."""
        ...


class EndedAccessReader(Protocol):
    """Tells what orders have ended of a user's access; `EndedAccessStore` in production."""

    def get(self, account: str, *, now: int) -> EndedAccess:
        """Return what is ended, as it is now; `now` is epoch seconds."""
        ...


class EndedAccessWriter(Protocol):
    """Keeps what orders have ended of a user's access; `EndedAccessStore` too."""

    def revoke(self, account: str, *, issued_before: int, ordered_at: int) -> None:
        """Refuse the user's tokens that were issued before a time; never fewer than before."""
        ...

    def remove(self, account: str, room: str, *, ordered_at: int) -> None:
        """Let no session that was lost by then bring the user back into a room."""
        ...


class CommandCounter(Protocol):
    """Counts the commands of connections; `ConnectionStore` in production."""

    def admit(
        self, connection_id: str, *, now: int, limit: RateLimit, uncounted: int = 0
    ) -> Connection | RateLimited | None:
        """Count one command at `now` (epoch milliseconds) against the connection's rate limit.

        `uncounted` commands were refused before without this. Returns the connection,
        `RateLimited` when it sends too often, None when it is unknown.
        """
        ...


class GreetingClaims(Protocol):
    """Lets one invocation at a time greet a connection; `ConnectionStore` in production."""

    def claim_greeting(self, connection_id: str, *, now: int, until: int) -> Connection | None:
        """Claim the greeting until a time, epoch milliseconds, and return the connection.

        None when the connection is gone, has been greeted, or another invocation greets it now.
        """
        ...

    def end_claim(
        self, connection_id: str, *, claimed: int, until: int, greeted_at: int = 0
    ) -> None:
        """Replace this invocation's claim, which names the end that it was given.

        `greeted_at` is the time of the greeting, epoch milliseconds; 0 when there was none.
        """
        ...


class ConnectionWriter(Protocol):
    """Stores and deletes single connections; `ConnectionStore` in production."""

    def put(self, connection: Connection) -> None:
        """Store a new connection; storing it again changes nothing."""
        ...

    def delete(self, connection_id: str) -> object:
        """Delete a connection; one that is gone already is not an error."""
        ...


class UpgradableSessions(Protocol):
    """Knows the clients that began with HTTP long-polling; `PollingStore` in production."""

    def expect_upgrade(
        self, connection_id: str, *, token: str, due: int
    ) -> tuple[bool, PollingSession | None]:
        """Wait until `due`, epoch milliseconds, for the probe of a WebSocket.

        Returns whether it may upgrade the session, and the session. `token` is the hash of the
        handshake's token, empty without one: with another one than the session's it may not.
        """
        ...


class ConnectionRemover(Protocol):
    """Deletes connections with all that belongs to them; `MembershipStore` in production."""

    def forget(
        self, connection_id: str, *, seen_in: Collection[str] = (), until: float | None = None
    ) -> object:
        """Delete a connection, its sessions and memberships; `seen_in` are rooms that it is in.

        Raises `AwsError` when not all memberships are deleted by `until` (epoch seconds).
        """
        ...


class ExpiredMarker(Protocol):
    """Marks connections whose token has expired; `MembershipStore` in production."""

    def close_expired(self, connection_id: str, *, expired_at: int) -> bool:
        """Mark a connection as closing, unless its token expires later than `expired_at`.

        From then on it gets no other token. True as well when it is unknown.
        """
        ...


class RevokedMarker(Protocol):
    """Marks connections whose token is revoked; `MembershipStore` in production."""

    def close_revoked(self, connection_id: str, *, account: str, issued_before: int) -> bool:
        """Mark a connection as closing, unless its token was issued later or is another user's.

        From then on it gets no other token. True as well when it is unknown.
        """
        ...


class ExpiredRemover(ExpiredMarker, ConnectionRemover, Protocol):
    """Marks and deletes connections whose token has expired; `MembershipStore` too."""


class MembershipOpener(ConnectionRemover, Protocol):
    """Joins the automatic rooms of a new connection, or deletes it; `MembershipStore` too."""

    def settle(self, connection: Connection, *, now: int) -> object:
        """Join the automatic rooms, once; `now` is epoch seconds."""
        ...


class MemberReader(Protocol):
    """Reads the members of a room; `RoomStore` in production."""

    def shards(self, room: str) -> range:
        """Return the shards that together hold the room."""
        ...

    def members(self, room: str, shard: int, *, size: int) -> Iterator[Member]:
        """Yield all members of a shard, reading `size` at a time."""
        ...


class UsersRooms(MemberReader, Protocol):
    """Reads who is in a user's room, and who of them in another one; `RoomStore` too."""

    def among(
        self, room: str, connection_ids: Collection[str], *, until: float | None = None
    ) -> list[Member]:
        """Return those members of a room that are among some connections."""
        ...


class RoomLeaver(RevokedMarker, Protocol):
    """Takes connections out of rooms, or marks them; `MembershipStore` in production."""

    def leave(self, connection: Connection, room: Room, *, now: int) -> ChangeResult:
        """Take a connection out of a room; `now` is epoch seconds."""
        ...


class StateTelling(Protocol):
    """Tells a client what is current in some of its rooms; `StateTeller` in production."""

    def choose(self, session: Connection, rooms: Sequence[str]) -> Chosen:
        """Read it, as far as one answer has room; raise `AwsError` when it cannot be read."""
        ...

    def send(self, session: Connection, chosen: Chosen) -> int:
        """Post what was chosen; return how many of them were sent before a failure."""
        ...
