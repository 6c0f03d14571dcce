"""Socket.IO sessions: one for each namespace of a connection, stored as connections of their own.

The row of a connection names its namespaces, and the row of a session names its rooms. So a delete
of the one returns what else is to be deleted.

A client that asks for a namespace again before the reply to its CONNECT gets the same session. One
that leaves a namespace and comes back sends DISCONNECT and CONNECT at once, and either can be
executed first: when the CONNECT is, it cannot know of the DISCONNECT. So it gets the session that
is there, which keeps when it was sent, and the DISCONNECT makes a new one of it:

sent       CONNECT (1)   DISCONNECT (2)   CONNECT (3)
executed   (1) begins    (3) is kept      (2) the session begins anew as of (3): it leaves its rooms
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from roomcast.rooms import Room
from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.model.access import automatic_rooms, listed_in
from roomcast_backend.model.connection import Connection, held_rooms
from roomcast_backend.model.order import Sent, is_superseded, sent_at, version_name
from roomcast_backend.model.recovery import recoverable
from roomcast_backend.settings import Settings
from roomcast_backend.stores import transactions
from roomcast_backend.stores.actions import Action, WriteActions
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.items import names, number, text
from roomcast_backend.stores.memberships import ChangeResult, MembershipStore
from roomcast_backend.stores.recovery import RecoveryStore
from roomcast_backend.stores.row_change import RowChange

MAX_ATTEMPTS = 5
"""How often a session is begun or ended while other packets of its client do the same."""


class Begun(NamedTuple):
    """The result of a CONNECT: `DONE`, or `KEPT` with the session that the namespace has.

    With `GONE`, `SUPERSEDED` and `STALE` there is no session.
    """

    result: ChangeResult
    session: Connection


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
        self._memberships = MembershipStore(settings, client=self._client, sleep=sleep)
        self._actions = WriteActions(settings, self._client, sleep=sleep)
        self._sleep = sleep

    def begin(
        self, connection: Connection, namespace: str, session: Connection, *, now: int
    ) -> Begun:
        """Store a session in its rooms, unless its namespace has one: that is kept.

        A session of another user, or that writes its events in another way, is replaced instead.
        `SUPERSEDED` when the client has left the namespace after this CONNECT.
        """
        for _ in range(MAX_ATTEMPTS):
            if self._write(self._beginning(connection, namespace, session, now)):
                if (kept := recoverable(session)) is not None:
                    self._recovery.put(kept)
                return Begun(ChangeResult.DONE, session)
            current = self._connections.get(connection.id)
            if current is None or current.closing:
                return Begun(ChangeResult.GONE, session)
            found = self._meet(current, namespace, session, now)
            if found is not None:
                return found
        return Begun(ChangeResult.STALE, session)

    def change_secret(self, session: Connection) -> None:
        """Store the secret of a session instead of the one that it had, unless it is gone."""
        change = RowChange(session).in_session()
        change.set("recovery_secret = :secret", secret=text(session.recovery_secret))
        changed = self._write([change.action(self._actions)])
        if changed and (kept := recoverable(session)) is not None:
            self._recovery.put(kept)

    def end(
        self, connection: Connection, namespace: str, session_id: str, *, sent: Sent, now: int
    ) -> Connection | None:
        """Delete a session and its memberships; the connection may begin it anew.

        Nothing is done when it began after the DISCONNECT was `sent`. A client sends one only when
        its CONNECT is answered, so not in the same millisecond. Without a session, its CONNECT has
        been overtaken by this DISCONNECT, or never came.

        When the session has answered a CONNECT that was sent later, it begins anew, and is
        returned: it is to be greeted.
        """
        for _ in range(MAX_ATTEMPTS):
            session = self._connections.get(session_id)
            if session is not None and session.begun >= sent.at:
                return None
            if session is not None and session.reconnected >= sent.at:
                if self._begin_anew(session, now):
                    return session
                continue
            if self._end(connection, namespace, session, sent):
                return None
            current = self._connections.get(connection.id)
            if current is None or is_superseded(current.versions, namespace, sent):
                return None
        return None

    def _beginning(
        self, connection: Connection, namespace: str, session: Connection, now: int
    ) -> list[Action]:
        if session.principal is None:
            raise ValueError(f"session {session.id} has no token: it cannot begin")
        rooms = [Room.stored(name) for name in sorted(session.rooms)]
        change = RowChange(connection).ready()
        change.adds.append("namespaces :names")
        change.require("NOT contains(namespaces, :name)", name=text(namespace))
        change.values[":names"] = names(frozenset({namespace}))
        change.sent(Sent(session.begun), [namespace], checked=False)
        members = self._actions.join(session, session.principal, rooms, now)
        left = [room for room in automatic_rooms(session.principal) if room not in rooms]
        left += listed_in(session.principal)
        members += self._actions.join(session, session.principal, left, now, muted=True)
        return [change.action(self._actions), self._actions.put(session), *members]

    def _meet(
        self, connection: Connection, namespace: str, session: Connection, now: int
    ) -> Begun | None:
        """Return the result of a CONNECT for a namespace that has a session or has been left.

        None when the namespace is free now, or has changed meanwhile: the CONNECT is tried again.
        """
        before, sent = self._connections.get(session.id), Sent(session.begun)
        if before is not None and _answers(before, session):
            kept = self._keep(before, session, now)
            return Begun(ChangeResult.KEPT, before) if kept else None
        if is_superseded(connection.versions, namespace, sent):
            return Begun(ChangeResult.SUPERSEDED, session)
        if before is not None:
            self._end(connection, namespace, before, sent)
        return None

    def _keep(self, before: Connection, asked: Connection, now: int) -> bool:
        """Note that a session answers a CONNECT; False when it has changed meanwhile.

        A client that is told its own secret takes its session for recovered, and its rooms for
        kept: then no DISCONNECT that was sent before has an effect.
        """
        if asked.begun <= max(before.begun, before.reconnected):
            return True
        change = RowChange(before).in_session()
        recovered = bool(before.recovery_secret) and before.recovery_secret == asked.recovery_secret
        name = "begun" if recovered else "reconnected"
        change.require(f"(attribute_not_exists({name}) OR {name} < :asked)")
        change.set(f"{name} = :asked", asked=number(asked.begun))
        if not self._write([change.action(self._actions)]):
            return False
        if asked.principal is None or asked.principal == before.principal:
            return True
        sent, row = Sent(asked.begun), self._connections.get(before.id)
        renewed = row and self._memberships.renew(row, asked.principal, now=now, sent=sent)
        return renewed in (ChangeResult.DONE, ChangeResult.SUPERSEDED)

    def _begin_anew(self, session: Connection, now: int) -> bool:
        """Let a session begin when its last CONNECT was sent, in the rooms that it joined since."""
        if session.principal is None:
            raise ValueError(f"session {session.id} has no token: it cannot begin")
        fresh = {room for room in session.rooms if _changed_after(session, room)}
        own = automatic_rooms(session.principal)
        joined = [room for room in own if not _changed_after(session, str(room))]
        rooms = fresh.union(map(str, joined))
        change = RowChange.of_memberships(session).unchanged()
        change.drop_filters(set(session.filters) - fresh)
        change.set("begun = :again", again=number(session.reconnected))
        change.removes += ["greeting_until", "greeted_at"]
        if rooms:
            change.set("rooms = :rooms", rooms=names(frozenset(rooms)))
        else:
            change.removes.append("rooms")
        left = held_rooms(session) - rooms - set(map(str, own + listed_in(session.principal)))
        rows = [self._actions.leave(session.id, room) for room in sorted(left)]
        rows += self._actions.join(replace(session, filters={}), session.principal, joined, now)
        return self._write([change.action(self._actions), *rows])

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


def _answers(session: Connection, asked: Connection) -> bool:
    """Tell whether a session can answer a CONNECT for another one of the same namespace."""
    if session.principal is None or asked.principal is None or session.closing:
        return False
    same_user = session.principal.account == asked.principal.account
    return same_user and session.protocol == asked.protocol


def _changed_after(session: Connection, room: str) -> bool:
    """Tell whether a command that was sent after the last CONNECT has changed a room."""
    return sent_at(session.versions.get(version_name(room), 0)) > session.reconnected
