"""The handshake: decides who may connect and stores the connection, before API Gateway answers.

$connect ─▶ row ─▶ (token)    invoke `open`: joins the rooms and greets, once the handshake is done
               └─▶ (no token) queue a deadline: closes the connection if no token has come by then

A Socket.IO client sends its token later, with the namespace that it joins. Its connection always
gets a deadline, and `open` posts Engine.IO's open packet to it. With a token in the handshake that
is not valid it is accepted as without one; its CONNECT is answered with `AUTH_FAILED`.

A client that has begun with HTTP long-polling names its session: `?sid=`. It has had its open
packet, and may use its token or none, but no other one. What the token said is in the session.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from roomcast_backend.auth.bearer import bearer_token
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.lifecycle import subprotocols
from roomcast_backend.model.access import Principal
from roomcast_backend.model.connection import JSON, SOCKET_IO, Connection, State
from roomcast_backend.model.engineio_errors import (
    BAD_REQUEST,
    FORBIDDEN,
    SESSION_UNKNOWN,
    TRANSPORT_UNKNOWN,
    UNSUPPORTED_VERSION,
    ErrorCode,
    version_hint,
)
from roomcast_backend.model.polling import (
    OPENING_SECONDS,
    PollingState,
    polling_id,
    token_hash,
)
from roomcast_backend.settings import Settings

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.ports import ConnectionWriter, UpgradableSessions
    from roomcast_backend.lifecycle.token_check import TokenCheck


UNKNOWN_SID = "expected the sid of a polling session that is not upgraded yet"
FOREIGN_SID = "the session was begun with another token"


UNDECIDED = (PollingState.WAITING, PollingState.UPGRADING)

REFUSES_CLIENT = (401, 403, 503)
"""Statuses of a client that may not connect (now), whatever it sends."""


class HandshakeRefused(Exception):
    """The handshake is refused with the HTTP status `status`; the message says why.

    `error` is what Engine.IO calls it.
    """

    def __init__(self, status: int, reason: str, error: ErrorCode | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.error = error or (FORBIDDEN if status in REFUSES_CLIENT else BAD_REQUEST)


WEBSOCKET = "websocket"
POLLING = "polling"


@dataclass(frozen=True, slots=True)
class Admission:
    """What a client's token says: its user, or why it is not valid. Neither without a token."""

    principal: Principal | None
    refused_token: str = ""


@dataclass(frozen=True, slots=True)
class Handshake:
    """A client's request to connect over a transport; header names are in lower case."""

    connection_id: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    transport: str = WEBSOCKET

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Read API Gateway's `$connect` event."""
        headers = event.get("headers") or {}
        return cls(
            connection_id=event["requestContext"]["connectionId"],
            headers={name.lower(): value for name, value in headers.items()},
            query=event.get("queryStringParameters") or {},
        )

    @property
    def protocol(self) -> str:
        """The protocol that the query names; raise `HandshakeRefused` for an unsupported one."""
        if self.is_json:
            return JSON
        version, transport = self.query.get("EIO"), self.query.get("transport")
        if version != "4":
            raise HandshakeRefused(400, version_hint(version), UNSUPPORTED_VERSION)
        if transport != self.transport:
            hint = f"expected transport={self.transport}, got {transport or 'none'}"
            raise HandshakeRefused(400, hint, TRANSPORT_UNKNOWN)
        return SOCKET_IO

    @property
    def is_json(self) -> bool:
        """Tell whether the client speaks the JSON protocol: its query names no Engine.IO."""
        return "EIO" not in self.query and "transport" not in self.query

    @property
    def wants_state(self) -> bool:
        """Tell whether a JSON client asks for what is current in its automatic rooms."""
        return self.is_json and self.query.get("state") == "true"

    @property
    def sid(self) -> str:
        """The polling session that the client has begun with, empty without one."""
        return self.query.get("sid", "") if self.protocol == SOCKET_IO else ""

    @property
    def token(self) -> str | None:
        """The token of `Authorization: Bearer`, else of the subprotocols, else of `?token=`."""
        return (
            bearer_token(self.headers.get("authorization", ""))
            or subprotocols.token_in(self._offered)
            or self.query.get("token")
            or None
        )

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol to answer with; None when the client has offered none."""
        return subprotocols.chosen(self._offered)

    @property
    def _offered(self) -> list[str]:
        return subprotocols.offered(self.headers.get(subprotocols.HEADER, ""))


class Acceptor:
    """Accepts or refuses handshakes.

    `count_connections` counts those that are authenticated. A client without a token fills no place
    that `max_connections` leaves: its deadline closes it, so there are at most as many as come
    within `authentication_deadline`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        connections: "ConnectionWriter",
        polling: "UpgradableSessions",
        tokens: "TokenCheck",
        count_connections: Callable[[], int],
        open_connection: Callable[[str], object],
        set_deadline: Callable[[str, int], object],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._polling = polling
        self._tokens = tokens
        self._count_connections = count_connections
        self._open = open_connection
        self._set_deadline = set_deadline
        self._clock = clock

    def accept(self, handshake: Handshake) -> None:
        """Store the connection, then invoke `open` or queue its deadline.

        Raise `HandshakeRefused` for a client that may not connect: 400 for the protocol, 401 for
        the token of a JSON client, 403 for the origin, 503 when the service is full. A polling
        session that cannot be upgraded is refused with 400, another token than its own with 403.
        When a step fails, the stored row is deleted again; if that fails as well, the row's TTL
        deletes it.
        """
        connection = self._upgraded(handshake) if handshake.sid else self._new(handshake)
        self._put(connection)
        try:
            self._start_next_step(connection)
        except Exception:
            self._connections.delete(connection.id)
            raise

    def _put(self, connection: Connection) -> None:
        """Store a connection, and refuse it after all when its token turns out to be revoked.

        That is read beside, for JSON only: with Socket.IO the reply to the CONNECT tells.
        """
        if connection.principal is None or connection.protocol != JSON:
            self._connections.put(connection)
            return
        checked = self._tokens.begin_check(connection.principal)
        try:
            self._connections.put(connection)
        finally:
            wait([checked])  # Lambda would freeze it in the middle of its call
        try:
            checked.result()
        except TokenRefused as exc:
            self._connections.delete(connection.id)
            raise HandshakeRefused(401, str(exc)) from exc
        except Exception:
            self._connections.delete(connection.id)
            raise

    def admit(self, handshake: Handshake) -> Admission:
        """Check origin, token and capacity, in this order; raise `HandshakeRefused` as `accept`."""
        self.check_origin(handshake.headers)
        admission = self._admission(handshake)
        self._check_capacity()
        return admission

    def _new(self, handshake: Handshake) -> Connection:
        admission = self.admit(handshake)
        is_open = admission.principal is not None and handshake.protocol == JSON
        return Connection(
            id=handshake.connection_id,
            protocol=handshake.protocol,
            state=State.OPEN if is_open else State.PENDING,
            connected_at=int(self._clock()),
            principal=admission.principal,
            refused_token=admission.refused_token,
            wants_state=handshake.wants_state,
        )

    def _upgraded(self, handshake: Handshake) -> Connection:
        """Return the connection that goes on for a polling session, greeted with its handshake."""
        self.check_origin(handshake.headers)
        self._check_capacity()
        due = int((self._clock() + OPENING_SECONDS) * 1000)
        expected, session = self._polling.expect_upgrade(
            polling_id(handshake.sid), token=token_hash(handshake.token), due=due
        )
        if session is None or session.state not in UNDECIDED:
            raise HandshakeRefused(400, UNKNOWN_SID, SESSION_UNKNOWN)
        if not expected:
            raise HandshakeRefused(403, FOREIGN_SID)
        from roomcast_backend.lifecycle.expected_user import expected_user  # noqa: PLC0415

        return replace(
            session.connection,
            id=handshake.connection_id,
            connected_at=int(self._clock()),
            greeted_at=int(self._clock() * 1000),
            upgrades=session.id,
            expected_user=expected_user(session.pending, self._tokens),
        )

    def _start_next_step(self, connection: Connection) -> None:
        if not connection.upgrades and (
            connection.state is State.OPEN or connection.protocol == SOCKET_IO
        ):
            self._open(connection.id)
        if connection.state is State.PENDING:
            self._set_deadline(connection.id, self._settings.authentication_deadline)

    def check_origin(self, headers: Mapping[str, str]) -> None:
        """Refuse web pages of other origins. Programs send no Origin header and are accepted."""
        allowed = [origin.strip() for origin in self._settings.allowed_origins.split(",")]
        origin = headers.get("origin")
        if origin is not None and "*" not in allowed and origin not in allowed:
            raise HandshakeRefused(403, "this origin is not among allowed_origins")

    def _admission(self, handshake: Handshake) -> Admission:
        """Return the user of the handshake's token, or why a Socket.IO client's is not valid.

        That client is told with the reply to its CONNECT: it takes a failed handshake for a broken
        line, and would try for ever.
        """
        if handshake.token is None:
            return Admission(None)
        try:
            return Admission(self._tokens.verify(handshake.token))
        except TokenRefused as exc:
            if handshake.protocol == SOCKET_IO:
                return Admission(None, str(exc))
            raise HandshakeRefused(401, str(exc)) from exc

    def _check_capacity(self) -> None:
        most = self._settings.max_connections
        if most and self._count_connections() >= most:
            raise HandshakeRefused(503, "the service is full: try again later")
