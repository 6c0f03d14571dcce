"""The tables in memory: they have the methods of the stores that callers use.

Every method is one step, as a conditional write or a transaction of DynamoDB is.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from threading import RLock

from roomcast_backend.gateway.paced_posts import Budget, Chosen
from roomcast_backend.inbound.replay import Replayed
from roomcast_backend.model.connection import Connection, State, address, session_id
from roomcast_backend.model.ended_access import NOTHING_ENDED, EndedAccess
from roomcast_backend.model.order import Sent
from roomcast_backend.model.recovery import RecoverableSession
from roomcast_backend.stores.connections import RateLimit, RateLimited
from roomcast_backend.stores.memberships import ChangeResult
from roomcast_backend.stores.sessions import Begun


class Connections:
    """The connections table."""

    def __init__(self) -> None:
        self.lock = RLock()
        self._rows: dict[str, Connection] = {}

    def put(self, connection: Connection) -> None:
        """Store a connection."""
        with self.lock:
            self._rows[connection.id] = connection

    def put_new(self, connection: Connection) -> None:
        """Store a connection, unless it is stored already."""
        with self.lock:
            self._rows.setdefault(connection.id, connection)

    def get(self, connection_id: str) -> Connection | None:
        """Return a connection, or None when it is unknown or gone."""
        return self._rows.get(connection_id)

    def delete(self, connection_id: str) -> Connection | None:
        """Delete a connection and return it as it was last."""
        with self.lock:
            return self._rows.pop(connection_id, None)

    def admit(
        self, connection_id: str, *, now: int, limit: RateLimit, uncounted: int = 0
    ) -> Connection | RateLimited | None:
        """Return a connection; clients of the suites may send as fast as they like."""
        return self.get(connection_id)

    def claim_greeting(self, connection_id: str, *, now: int, until: int) -> Connection | None:
        """Return a connection: this process asks once for each to be greeted."""
        return self.get(connection_id)

    def end_claim(
        self, connection_id: str, *, claimed: int, until: int, greeted_at: int = 0
    ) -> None:
        """Do nothing: there is no claim."""


class SessionRows:
    """Sessions, in no rooms; none is kept for recovery."""

    def __init__(self, connections: Connections) -> None:
        self._rows = connections

    def begin(
        self, connection: Connection, namespace: str, session: Connection, *, now: int
    ) -> Begun:
        """Store a session, unless its namespace has one: that is kept.

        The suites wait for each reply, so that no DISCONNECT can have been overtaken.
        """
        with self._rows.lock:
            row = self._rows.get(connection.id)
            if row is None:
                return Begun(ChangeResult.GONE, session)
            if (kept := self._rows.get(session.id)) is not None:
                return Begun(ChangeResult.KEPT, kept)
            self._rows.put(replace(row, state=State.READY, namespaces=row.namespaces | {namespace}))
            self._rows.put(session)
        return Begun(ChangeResult.DONE, session)

    def change_secret(self, session: Connection) -> None:
        """Store a session again, unless it is gone."""
        with self._rows.lock:
            if self._rows.get(session.id) is not None:
                self._rows.put(session)

    def end(
        self, connection: Connection, namespace: str, session_id: str, *, sent: Sent, now: int
    ) -> None:
        """Delete a session; the connection may begin it anew."""
        with self._rows.lock:
            self._rows.delete(session_id)
            row = self._rows.get(connection.id)
            if row is not None:
                self._rows.put(replace(row, namespaces=row.namespaces - {namespace}))


class NoMemberships:
    """Forgets connections, which are members of nothing."""

    def __init__(self, connections: Connections) -> None:
        self._rows = connections

    def settle(self, connection: Connection, *, now: int) -> None:
        """Do nothing: there are no rooms to join."""

    def close_expired(self, connection_id: str, *, expired_at: int) -> bool:
        """Mark nothing: no token of the suites expires."""
        return False

    def forget(
        self, connection_id: str, *, seen_in: Collection[str] = (), until: float | None = None
    ) -> list[Connection]:
        """Delete a connection and its sessions; return what was deleted."""
        with self._rows.lock:
            row = self._rows.delete(address(connection_id))
            if row is None:
                return []
            taken = [self._rows.delete(session_id(row.id, name)) for name in sorted(row.namespaces)]
        return [row, *(session for session in taken if session)]


class NothingKept:
    """Finds no session that could be recovered."""

    def get(self, secret: str, *, now: int) -> RecoverableSession | None:
        """Return None."""
        return None


class NothingCurrent:
    """Tells no state: no client of the suites asks for it."""

    def choose(self, session: Connection, rooms: Sequence[str]) -> Chosen:
        """Return nothing to post."""
        return Chosen([], {}, until=0)

    def send(self, session: Connection, chosen: Chosen) -> int:
        """Post nothing."""
        return 0


class NothingEnded:
    """Knows nobody whose access was ended by an order."""

    def get(self, user_id: str, *, now: int) -> EndedAccess:
        """Return that nothing is ended."""
        return NOTHING_ENDED


class NothingMissed:
    """Replays nothing, because no session is recovered."""

    def budget(self) -> Budget:
        """Return what one answer may post."""
        return Budget(0)

    def post(
        self,
        session: Connection,
        rooms: Iterable[str],
        *,
        since: str | int,
        budget: Budget | None = None,
    ) -> Replayed:
        """Say that what was missed is not known."""
        return Replayed(0, complete=False)
