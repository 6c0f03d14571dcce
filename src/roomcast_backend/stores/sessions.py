"""Socket.IO sessions: one for each namespace of a connection, stored as connections of their own.

The row of a connection names its namespaces, and the row of a session names its rooms. So a delete
of the one returns what else is to be deleted.

A client that leaves a namespace and comes back sends DISCONNECT and CONNECT at once, and either can
be executed first. Whichever was sent last wins; a session that is still there then is replaced:

sent       CONNECT (1)   DISCONNECT (2)   CONNECT (3)
executed   (1) begins    (3) replaces     (2) superseded: it was sent before this session began
"""

import time
from collections.abc import Callable

from roomcast.rooms import Room
from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.model.access import automatic_rooms
from roomcast_backend.model.connection import Connection, held_rooms
from roomcast_backend.model.order import Sent, is_superseded
from roomcast_backend.model.recovery import recoverable
from roomcast_backend.settings import Settings
from roomcast_backend.stores import transactions
from roomcast_backend.stores.actions import Action, WriteActions
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.items import names, text
from roomcast_backend.stores.memberships import ChangeResult
from roomcast_backend.stores.recovery import RecoveryStore
from roomcast_backend.stores.row_change import RowChange

MAX_ATTEMPTS = 5
"""How often a session is begun or ended while other packets of its client do the same."""


class SessionStore:
    """Begins and ends sessions; `now` is epoch seconds."""

    def __init__(
        self,
        settings: Settings,
        *,
        client: DynamoDb | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client or clients.dynamodb()
        self._connections = ConnectionStore(settings, client=self._client)
        self._recovery = RecoveryStore(settings, client=self._client)
        self._actions = WriteActions(settings, self._client, sleep=sleep)
        self._sleep = sleep

    def begin(
        self, connection: Connection, namespace: str, session: Connection, *, now: int
    ) -> ChangeResult:
        """Store a session in its rooms; one that its namespace has already is replaced.

        `SUPERSEDED` when a packet that was sent after this CONNECT has changed the namespace.
        """
        for _ in range(MAX_ATTEMPTS):
            if self._write(self._beginning(connection, namespace, session, now)):
                if (kept := recoverable(session)) is not None:
                    self._recovery.put(kept)
                return ChangeResult.DONE
            current = self._connections.get(connection.id)
            if current is None or current.closing:
                return ChangeResult.GONE
            if is_superseded(current.versions, namespace, Sent(session.begun)):
                return ChangeResult.SUPERSEDED
            before = self._connections.get(session.id)
            if before is not None:
                self._end(current, namespace, before, Sent(session.begun))
        return ChangeResult.STALE

    def change_secret(self, session: Connection) -> None:
        """Store the secret of a session instead of the one that it had, unless it is gone."""
        change = RowChange(session).in_session()
        change.set("recovery_secret = :secret", secret=text(session.recovery_secret))
        changed = self._write([change.action(self._actions)])
        if changed and (kept := recoverable(session)) is not None:
            self._recovery.put(kept)

    def end(self, connection: Connection, namespace: str, session_id: str, *, sent: Sent) -> None:
        """Delete a session and its memberships; the connection may begin it anew.

        Nothing is done when it began after the DISCONNECT was `sent`. A client sends one only when
        its CONNECT is answered, so not in the same millisecond. Without a session, its CONNECT has
        been overtaken by this DISCONNECT, or never came.
        """
        for _ in range(MAX_ATTEMPTS):
            session = self._connections.get(session_id)
            if session is not None and session.begun >= sent.at:
                return
            if self._end(connection, namespace, session, sent):
                return
            current = self._connections.get(connection.id)
            if current is None or is_superseded(current.versions, namespace, sent):
                return

    def _beginning(
        self, connection: Connection, namespace: str, session: Connection, now: int
    ) -> list[Action]:
        if session.principal is None:
            raise ValueError(f"session {session.id} has no token: it cannot begin")
        rooms = [Room.parse(name) for name in sorted(session.rooms)]
        change = RowChange(connection).ready()
        change.adds.append("namespaces :names")
        change.require("NOT contains(namespaces, :name)", name=text(namespace))
        change.values[":names"] = names(frozenset({namespace}))
        change.sent(Sent(session.begun), [namespace], checked=False)
        members = self._actions.join(session, session.principal, rooms, now)
        left = [room for room in automatic_rooms(session.principal) if room not in rooms]
        members += self._actions.join(session, session.principal, left, now, muted=True)
        return [change.action(self._actions), self._actions.put(session), *members]

    def _end(
        self, connection: Connection, namespace: str, session: Connection | None, sent: Sent
    ) -> bool:
        """Delete a session as it was read; False when it or its namespace has changed meanwhile.

        All at once: the memberships of a session that follows have the same keys.
        """
        change = RowChange(connection)
        change.deletes.append("namespaces :names")
        change.values[":names"] = names(frozenset({namespace}))
        change.sent(sent, [namespace], checked=False)
        if session is None:
            change.require("NOT contains(namespaces, :name)", name=text(namespace))
            return self._write([change.action(self._actions)])
        rows = [self._actions.leave(session.id, room) for room in sorted(held_rooms(session))]
        delete = RowChange.of_memberships(session).unchanged().deletion(self._actions)
        if not self._write([change.action(self._actions), delete, *rows]):
            return False
        if (kept := recoverable(session)) is not None:
            self._recovery.delete(kept)
        return True

    def _write(self, actions: list[Action]) -> bool:
        return transactions.write(self._client, actions, sleep=self._sleep)
