"""Socket.IO sessions: a client's token opens one in each namespace that it connects to.

A client that asked for it (`auth: {recover: true}`) gets a secret, Socket.IO's `pid`. Coming back
with it and the offset of its last event it is put into its rooms again and sent what it missed.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from roomcast.rooms import Room
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.inbound.replay import Replay
from roomcast_backend.model.access import Principal, automatic_rooms, still_allowed
from roomcast_backend.model.connection import Connection, State, session_id
from roomcast_backend.protocol.messages import Code, CommandRefused
from roomcast_backend.protocol.socketio_codec import codec_name
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.sessions import SessionStore

_SECRET = re.compile(r"[0-9a-f]{32}")


class ProtocolViolation(Exception):
    """A client does what no Socket.IO client does: its connection ends."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A session; `pid` is the secret to come back with, empty where none was asked for."""

    session: Connection
    sid: str
    pid: str


class Sessions:
    """Begins and ends sessions."""

    def __init__(
        self,
        *,
        store: SessionStore,
        connections: ConnectionStore,
        replay: Replay,
        principal_of: Callable[[str], Principal],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._connections = connections
        self._replay = replay
        self._principal_of = principal_of
        self._clock = clock

    def begin(self, connection: Connection, namespace: str, auth: Mapping[str, Any]) -> Begun:
        """Begin a session or take a lost one up; raise `CommandRefused` without a valid token.

        Raises `ProtocolViolation` when the connection has a session in the namespace.
        """
        principal = self._principal(connection, auth)
        lost = self._lost(principal, auth)
        session = _session(connection, namespace, principal, auth, now=int(self._clock()))
        if lost is not None:
            session = _taken_up(session, lost)
        if not self._store.begin(connection, namespace, session, now=int(self._clock())):
            raise ProtocolViolation(f"a second session in {namespace}")
        if lost is not None and not self._catch_up(session, auth):
            session = self._as_new(session)
        return Begun(session, uuid4().hex, session.resume)

    def find(self, connection: Connection, namespace: str) -> Connection:
        """Return the connection's session; raise `ProtocolViolation` when it has none."""
        session = self._connections.get(session_id(connection.id, namespace))
        if session is None:
            raise ProtocolViolation(f"no session in {namespace}")
        return session

    def end(self, connection: Connection, namespace: str) -> None:
        """End a session on its client's wish: it cannot be taken up again."""
        self._store.end(connection, namespace, session_id(connection.id, namespace))

    def _principal(self, connection: Connection, auth: Mapping[str, Any]) -> Principal:
        """Return whom the session is for: by its own token, else by the handshake's."""
        token = auth.get("token")
        if token is None and connection.principal is not None:
            if connection.principal.expires_at <= self._clock():
                raise CommandRefused(Code.AUTH_FAILED, "the token has expired")
            return connection.principal
        if not isinstance(token, str) or not token:
            raise CommandRefused(Code.AUTH_MISSING, "expected a token in auth")
        try:
            return self._principal_of(token)
        except TokenRefused as exc:
            raise CommandRefused(Code.AUTH_FAILED, str(exc)) from exc

    def _lost(self, principal: Principal, auth: Mapping[str, Any]) -> Connection | None:
        """Return the session that a client comes back to, if it was this user's."""
        pid, offset = auth.get("pid"), auth.get("offset")
        if auth.get("recover") is not True or not isinstance(offset, str):
            return None
        if not isinstance(pid, str) or _SECRET.fullmatch(pid) is None:
            return None
        lost = self._connections.kept_session(pid)
        if lost is None or lost.principal is None or lost.principal.user_id != principal.user_id:
            return None
        return replace(lost, resume=pid)

    def _catch_up(self, session: Connection, auth: Mapping[str, Any]) -> bool:
        replayed = self._replay.post(session, sorted(session.rooms), since=auth["offset"])
        return bool(replayed.complete)

    def _as_new(self, session: Connection) -> Connection:
        """Give a session that is not complete another secret, by which its client sees it."""
        fresh = replace(session, resume=_secret())
        self._store.change_secret(fresh)
        return fresh


def _secret() -> str:
    return uuid4().hex


def _session(
    connection: Connection,
    namespace: str,
    principal: Principal,
    auth: Mapping[str, Any],
    *,
    now: int,
) -> Connection:
    recover = auth.get("recover") is True
    return Connection(
        id=session_id(connection.id, namespace),
        protocol=codec_name(namespace, recover=recover),
        state=State.READY,
        connected_at=now,
        principal=principal,
        rooms=frozenset(str(room) for room in automatic_rooms(principal)),
        resume=_secret() if recover else "",
    )


def _taken_up(session: Connection, lost: Connection) -> Connection:
    """Return the session with a lost one's secret and those of its rooms that are still open.

    What its client had left on purpose, `global` or its own room, stays left.
    """
    principal = session.principal
    if principal is None:
        return session
    rooms = still_allowed(principal, {Room.parse(name) for name in lost.rooms})
    return replace(session, rooms=frozenset(map(str, rooms)), resume=lost.resume)
