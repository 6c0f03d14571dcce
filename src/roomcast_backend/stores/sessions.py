"""Socket.IO sessions: one for each namespace of a connection, stored as connections of their own.

The row of a connection names its namespaces, and the row of a session names its rooms. So a delete
of the one returns what else is to be deleted.
"""

import time
from collections.abc import Callable

from roomcast.rooms import Room
from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.model.access import automatic_rooms
from roomcast_backend.model.connection import Connection, State, held_rooms
from roomcast_backend.model.recovery import recoverable
from roomcast_backend.settings import Settings
from roomcast_backend.stores import transactions
from roomcast_backend.stores.actions import WriteActions
from roomcast_backend.stores.connections import KNOWN, ConnectionStore
from roomcast_backend.stores.items import names, text
from roomcast_backend.stores.recovery import RecoveryStore

NEW_NAMESPACE = "NOT contains(namespaces, :name)"


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
    ) -> bool:
        """Store a session in its rooms; False when the connection is gone or has it already."""
        if session.principal is None:
            raise ValueError(f"session {session.id} has no token: it cannot begin")
        rooms = [Room.parse(name) for name in sorted(session.rooms)]
        added = self._actions.update(
            connection,
            "SET #state = :ready ADD namespaces :names",
            f"{KNOWN} AND {NEW_NAMESPACE}",
            {
                ":ready": text(State.READY),
                ":names": names(frozenset({namespace})),
                ":name": text(namespace),
            },
        )
        members = self._actions.join(session, session.principal, rooms, now)
        left = [room for room in automatic_rooms(session.principal) if room not in rooms]
        members += self._actions.join(session, session.principal, left, now, muted=True)
        actions = [added, self._actions.put(session), *members]
        begun = transactions.write(self._client, actions, sleep=self._sleep)
        if begun and (kept := recoverable(session)) is not None:
            self._recovery.put(kept)
        return begun

    def change_secret(self, session: Connection) -> None:
        """Store the secret of a session instead of the one that it had, unless it is gone."""
        change = self._actions.update(
            session,
            "SET recovery_secret = :secret",
            KNOWN,
            {":secret": text(session.recovery_secret)},
        )
        changed = transactions.write(self._client, [change], sleep=self._sleep)
        if changed and (kept := recoverable(session)) is not None:
            self._recovery.put(kept)

    def end(self, connection: Connection, namespace: str, session_id: str) -> None:
        """Delete a session and its memberships; the connection may begin it anew."""
        session = self._connections.delete(session_id)
        if session is not None:
            self._actions.leave_all(session_id, sorted(held_rooms(session)))
            if (kept := recoverable(session)) is not None:
                self._recovery.delete(kept)
        removed = self._actions.update(
            connection, "DELETE namespaces :names", KNOWN, {":names": names(frozenset({namespace}))}
        )
        transactions.write(self._client, [removed], sleep=self._sleep)
