"""Begins and ends Socket.IO sessions: a client with a token has one in each of its namespaces.

A client that asks for it (`auth: {recover: true}`) gets a secret, Socket.IO's `pid`. When it comes
back with the secret and the offset of its last event, it is put into its rooms again and gets the
events that it missed.
"""

import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from roomcast.rooms import Room, kinds
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.inbound.handler import RowRead
from roomcast_backend.lifecycle.token_check import Checked, UserRead
from roomcast_backend.model.access import Principal, automatic_rooms, still_allowed
from roomcast_backend.model.connection import Connection, State, session_id
from roomcast_backend.model.order import Sent, version_name
from roomcast_backend.model.recovery import RecoverableSession
from roomcast_backend.protocol.messages import Code, CommandRefused
from roomcast_backend.protocol.socketio_codec import codec_name
from roomcast_backend.stores.memberships import ChangeResult

if TYPE_CHECKING:
    from roomcast_backend.inbound.ports import EventReplayer, RecoveryReader, SessionWriter
    from roomcast_backend.lifecycle.ports import ConnectionReader
    from roomcast_backend.lifecycle.token_check import TokenCheck

_SECRET = re.compile(r"[0-9a-f]{32}")


class ProtocolViolation(Exception):
    """A client does something that no Socket.IO client does: its connection ends."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that has begun, and what its client is told of it.

    `pid` is the secret with which it can be recovered, empty when the client did not ask for one.
    One that is not `new` had begun before: its client has asked for it twice.
    """

    session: Connection
    sid: str
    pid: str
    new: bool = True


class Sessions:
    """Begins and ends sessions."""

    def __init__(
        self,
        *,
        store: "SessionWriter",
        recovery: "RecoveryReader",
        connections: "ConnectionReader",
        replay: "EventReplayer",
        tokens: "TokenCheck",
        clock: Callable[[], float] = time.time,
        workers: Executor | None = None,
    ) -> None:
        self._store = store
        self._recovery = recovery
        self._connections = connections
        self._replay = replay
        self._tokens = tokens
        self._clock = clock
        self._workers = workers or _workers()

    def begin(
        self,
        connection: Connection,
        namespace: str,
        auth: Mapping[str, Any],
        checked: Future[Checked] | None = None,
        *,
        at: int | None = None,
    ) -> NewSession | None:
        """Begin a session, or recover one; raise `CommandRefused` without a valid token.

        `checked` is what `prefetch_token` returned for this CONNECT, if it was called. `at` is when
        the CONNECT was sent (epoch milliseconds, now by default). A session that the
        connection has in the namespace is kept if it is of the same user: the client has asked
        twice. None when the client has left the namespace again meanwhile. Raises
        `ProtocolViolation` when the connection is gone.
        """
        token = self._checked(connection, auth, checked)
        principal = token.principal
        lost = self._find_lost(principal, auth)
        now = self._clock()
        begun = int(now * 1000) if at is None else at
        session = _session(connection, namespace, principal, auth, now=int(now), begun=begun)
        if lost is not None:
            rooms = token.ended.leaves(lost)
            session = _recovered(session, principal, replace(lost, rooms=rooms))
        result, stored = self._store.begin(connection, namespace, session, now=int(now))
        match result:
            case ChangeResult.KEPT:
                sid = stored.sid or uuid4().hex  # rows of an earlier version have none
                return NewSession(stored, sid, stored.recovery_secret, new=False)
            case ChangeResult.GONE:
                raise ProtocolViolation(f"no session in {namespace}: the connection is gone")
            case ChangeResult.SUPERSEDED:
                return None
            case ChangeResult.STALE:
                raise CommandRefused(Code.UNAVAILABLE, "too many changes at once: send it again")
        if lost is not None and not self._replay_missed(session, auth):
            session = self._with_new_secret(session)
        return NewSession(session, session.sid, session.recovery_secret)

    def prefetch(self, connection_id: str, namespace: str) -> RowRead:
        """Begin to read a session in another thread, for `find`; the caller must wait for it."""
        return self._workers.submit(self._connections.get, session_id(connection_id, namespace))

    def prefetch_token(
        self, auth: Mapping[str, Any], read: UserRead | None = None
    ) -> Future[Checked] | None:
        """Begin to check the token of a CONNECT, for `begin`; the caller must wait for it.

        None without a token of its own: whose the handshake's is tells only the connection. `read`
        is what `prefetch_user` returned.
        """
        token = auth.get("token")
        return self._tokens.begin(token, read) if isinstance(token, str) and token else None

    def prefetch_user(self, account: str) -> UserRead:
        """Begin to read what `begin` will need for the token of a user; the caller must wait."""
        return self._tokens.begin_read(account)

    def find(
        self,
        connection: Connection,
        namespace: str,
        prefetched: RowRead | None = None,
        *,
        at: int,
    ) -> Connection | None:
        """Return the connection's session; raise `ProtocolViolation` when it has had none.

        `prefetched` is what `prefetch` returned for this session, if it was called. Either read
        is consistent and begins after the frame has come: it finds whatever was written before.
        None when the session has ended by a packet that was sent after `at` (epoch milliseconds)
        or with it, and was executed before.
        """
        if prefetched is None:
            session = self._connections.get(session_id(connection.id, namespace))
        else:
            session = prefetched.result()
        if session is not None:
            return session
        current = self._connections.get(connection.id)
        ended = current.versions.get(version_name(namespace), 0) if current is not None else 0
        if ended < Sent(at).version:
            raise ProtocolViolation(f"no session in {namespace}")
        return None

    def end(self, connection: Connection, namespace: str, *, at: int) -> Connection | None:
        """End a session because its client asks for it: it cannot be recovered.

        `at` is when that was sent, epoch milliseconds: a session that began later stays. When a
        CONNECT was sent later, but executed before, the session is new now and is returned.
        """
        session, now = session_id(connection.id, namespace), int(self._clock())
        return self._store.end(connection, namespace, session, sent=Sent(at), now=now)

    def _checked(
        self, connection: Connection, auth: Mapping[str, Any], checked: Future[Checked] | None
    ) -> Checked:
        """Return the token of a session: that of the CONNECT, else of the handshake.

        That one was good then, and may be revoked by now.
        """
        token = auth.get("token")
        if token is None and connection.principal is not None:
            if connection.principal.expires_at <= self._clock():
                raise CommandRefused(Code.AUTH_FAILED, "the token has expired")
            return self._taken(partial(self._tokens.check, connection.principal))
        if token is None and connection.refused_token:
            raise CommandRefused(Code.AUTH_FAILED, connection.refused_token)
        if not isinstance(token, str) or not token:
            raise CommandRefused(Code.AUTH_MISSING, "expected a token in auth")
        return self._taken(checked.result if checked else partial(self._tokens.take, token))

    def _taken(self, check: Callable[[], Checked]) -> Checked:
        try:
            return check()
        except TokenRefused as exc:
            raise CommandRefused(Code.AUTH_FAILED, str(exc)) from exc

    def _find_lost(
        self, principal: Principal, auth: Mapping[str, Any]
    ) -> RecoverableSession | None:
        """Return the session that a client asks to recover, if it was this user's."""
        pid, offset = auth.get("pid"), auth.get("offset")
        if auth.get("recover") is not True or not isinstance(offset, str):
            return None
        if not isinstance(pid, str) or _SECRET.fullmatch(pid) is None:
            return None
        lost = self._recovery.get(pid, now=int(self._clock()))
        return lost if lost is not None and lost.account == principal.account else None

    def _replay_missed(self, session: Connection, auth: Mapping[str, Any]) -> bool:
        """Post the missed events; tell whether these are all."""
        replayed = self._replay.post(session, sorted(session.rooms), since=auth["offset"])
        return bool(replayed.complete)

    def _with_new_secret(self, session: Connection) -> Connection:
        """Give a session another secret: so its client sees that events are missing."""
        fresh = replace(session, recovery_secret=_secret())
        self._store.change_secret(fresh)
        return fresh


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="session")


def _secret() -> str:
    return uuid4().hex


def _session(
    connection: Connection,
    namespace: str,
    principal: Principal,
    auth: Mapping[str, Any],
    *,
    now: int,
    begun: int,
) -> Connection:
    recover = auth.get("recover") is True
    return Connection(
        id=session_id(connection.id, namespace),
        protocol=codec_name(namespace, recover=recover),
        state=State.READY,
        connected_at=now,
        principal=principal,
        rooms=frozenset(str(room) for room in automatic_rooms(principal)),
        recovery_secret=_secret() if recover else "",
        sid=uuid4().hex,
        begun=begun,
        wants_state=auth.get("state") in (True, "replay"),
    )


def _recovered(session: Connection, principal: Principal, lost: RecoverableSession) -> Connection:
    """Return the session with the secret of a lost one, in those of its rooms that are still open.

    Rooms that the client left on purpose stay left, `global` and the user's own included. So are
    rooms of a kind that the deployment no longer has.
    """
    stored = {Room.stored(name) for name in lost.rooms}
    rooms = still_allowed(principal, {room for room in stored if room.kind in kinds()})
    names = frozenset(map(str, rooms))
    filters = {name: types for name, types in lost.filters.items() if name in names}
    return replace(session, rooms=names, filters=filters, recovery_secret=lost.secret)
