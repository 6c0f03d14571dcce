"""The handshake: decides who may connect and stores the connection, before API Gateway answers.

$connect ─▶ row ─▶ (token)    invoke `open`: joins the rooms and greets, once the handshake is done
               └─▶ (no token) queue a deadline: closes the connection if no token has come by then

A Socket.IO client sends its token later, with the namespace that it joins. Its connection always
gets a deadline, and `open` posts Engine.IO's open packet to it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from roomcast_backend.auth.bearer import bearer_token
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.lifecycle import subprotocols
from roomcast_backend.model.access import Principal
from roomcast_backend.model.connection import JSON, SOCKET_IO, Connection, State
from roomcast_backend.settings import Settings

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.ports import ConnectionWriter


class HandshakeRefused(Exception):
    """The handshake is refused with the HTTP status `status`; the message says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Handshake:
    """A client's request to connect; header names are in lower case."""

    connection_id: str
    headers: Mapping[str, str]
    query: Mapping[str, str]

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
        version, transport = self.query.get("EIO"), self.query.get("transport")
        if version is None and transport is None:
            return JSON
        if version != "4" or transport != "websocket":
            raise HandshakeRefused(400, "expected EIO=4 and transport=websocket")
        return SOCKET_IO

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
        principal_of: Callable[[str], Principal],
        count_connections: Callable[[], int],
        open_connection: Callable[[str], object],
        set_deadline: Callable[[str, int], object],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._principal_of = principal_of
        self._count_connections = count_connections
        self._open = open_connection
        self._set_deadline = set_deadline
        self._clock = clock

    def accept(self, handshake: Handshake) -> None:
        """Store the connection, then invoke `open` or queue its deadline.

        Raise `HandshakeRefused` for a client that may not connect: 400 for the protocol, 401 for
        the token, 403 for the origin, 503 when the service is full. When a step fails, the stored
        row is deleted again; if that fails as well, the row's TTL deletes it.
        """
        self._check_origin(handshake)
        principal = self._principal(handshake)
        self._check_capacity()
        connection = Connection(
            id=handshake.connection_id,
            protocol=handshake.protocol,
            state=State.OPEN if principal and handshake.protocol == JSON else State.PENDING,
            connected_at=int(self._clock()),
            principal=principal,
        )
        self._connections.put(connection)
        try:
            self._start_next_step(connection)
        except Exception:
            self._connections.delete(connection.id)
            raise

    def _start_next_step(self, connection: Connection) -> None:
        if connection.state is State.OPEN or connection.protocol == SOCKET_IO:
            self._open(connection.id)
        if connection.state is State.PENDING:
            self._set_deadline(connection.id, self._settings.authentication_deadline)

    def _check_origin(self, handshake: Handshake) -> None:
        """Refuse web pages of other origins. Programs send no Origin header and are accepted."""
        allowed = [origin.strip() for origin in self._settings.allowed_origins.split(",")]
        origin = handshake.headers.get("origin")
        if origin is not None and "*" not in allowed and origin not in allowed:
            raise HandshakeRefused(403, "this origin is not among allowed_origins")

    def _principal(self, handshake: Handshake) -> Principal | None:
        if handshake.token is None:
            return None
        try:
            return self._principal_of(handshake.token)
        except TokenRefused as exc:
            raise HandshakeRefused(401, str(exc)) from exc

    def _check_capacity(self) -> None:
        most = self._settings.max_connections
        if most and self._count_connections() >= most:
            raise HandshakeRefused(503, "the service is full: try again later")
