"""Puts the service together for one application: its own parts, with what this process keeps.

Everybody may connect: the suites know no tokens, so each handshake is given one, and any is valid.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from local.conformance.application import NAMESPACES, EventEcho, PacketEcho
from local.conformance.gateway import InProcessGateway
from local.conformance.invocations import invoke_later
from local.conformance.polling import UPGRADE_WITHIN, PollingRows
from local.conformance.stores import (
    Connections,
    NoMemberships,
    NothingCurrent,
    NothingEnded,
    NothingKept,
    NothingMissed,
    SessionRows,
)
from local.conformance.timers import PING_INTERVAL, PING_TIMEOUT
from roomcast_backend.gateway.port import Gateway
from roomcast_backend.gateway.router import Router
from roomcast_backend.inbound.dispatcher import Dispatcher
from roomcast_backend.inbound.handler import ProtocolHandler
from roomcast_backend.inbound.sessions import Sessions
from roomcast_backend.inbound.socketio_handler import SocketIoHandler
from roomcast_backend.inbound.upgrades import Upgrades
from roomcast_backend.lifecycle.greeting import Greeter
from roomcast_backend.lifecycle.handshake import Acceptor, Handshake, HandshakeRefused
from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.lifecycle.token_check import TokenCheck
from roomcast_backend.model.access import Principal
from roomcast_backend.model.connection import JSON, LONGEST_CONNECTION, SOCKET_IO, State
from roomcast_backend.model.engineio_errors import UNSUPPORTED_VERSION, version_hint
from roomcast_backend.polling.request import PollingRequest
from roomcast_backend.polling.settling import Settling
from roomcast_backend.polling.transport import Patience, PollingTransport
from roomcast_backend.protocol import engineio_packets
from roomcast_backend.protocol.heartbeats import EngineIoTimers
from roomcast_backend.protocol.messages import Code
from roomcast_backend.settings import Settings
from roomcast_backend.stores.connections import RateLimit

MAX_PAYLOAD = 1_000_000
"""Bytes, as the suites expect them; the gateway takes 128 KB all the same."""

JOIN_WITHIN = 1
"""Seconds for a client to join a namespace."""

PATIENCE = Patience(longest=2.0, websocket=UPGRADE_WITHIN / 1000, first=0.005, slowest=0.02)
"""How long a GET waits: a PING comes before."""

MakeHandler: TypeAlias = Callable[[Connections, Gateway, Upgrades], ProtocolHandler[Any]]
"""Builds what answers packets, with the tables and the gateway that it needs."""


@dataclass(frozen=True, slots=True)
class SuiteTimers(EngineIoTimers):
    """The timers with the payload that the suites expect."""

    def open_packet(
        self, sid: str, *, max_payload: int = MAX_PAYLOAD, upgrades: Sequence[str] = ()
    ) -> str:
        """Encode the open packet, Engine.IO's handshake."""
        return engineio_packets.opening(
            sid,
            interval=self.interval,
            timeout=self.timeout,
            max_payload=MAX_PAYLOAD,
            upgrades=upgrades,
        )


class Service:
    """What the functions do, for the connections of one application."""

    def __init__(
        self,
        sockets: InProcessGateway,
        make_handler: MakeHandler,
        *,
        joins: bool,
    ) -> None:
        self._connections = Connections()
        self._memberships = NoMemberships(self._connections)
        polling = PollingRows(self._memberships.forget)
        gateway = Router(sockets, lambda: polling)
        self._terminator = Terminator(gateway, self._memberships)
        self._joins = joins
        self._greeter = Greeter(
            connections=self._connections,
            memberships=self._memberships,
            gateway=gateway,
            timers=SuiteTimers(PING_INTERVAL, PING_TIMEOUT),
            states=NothingCurrent(),
        )
        self._acceptor = Acceptor(
            Settings(authentication_deadline=JOIN_WITHIN),
            connections=self._connections,
            polling=polling,
            tokens=TokenCheck(_anyone, NothingEnded()),
            count_connections=lambda: 0,
            open_connection=lambda name: invoke_later(lambda: self._greeter.open(name)),
            set_deadline=self._set_deadline,
        )
        handler = make_handler(self._connections, gateway, Upgrades(polling))
        self._dispatcher = Dispatcher(
            connections=self._connections,
            handlers={JSON: handler, SOCKET_IO: handler},
            gateway=gateway,
            limit=RateLimit(interval=1, burst=1),
        )
        self._transport = PollingTransport(
            sessions=polling,
            acceptor=self._acceptor,
            settling=self._settling(polling),
            timers=SuiteTimers(PING_INTERVAL, PING_TIMEOUT),
            patience=PATIENCE,
        )

    def connect(self, handshake: Handshake) -> None:
        """Accept a connection that speaks Engine.IO, or raise `HandshakeRefused`."""
        if handshake.protocol != SOCKET_IO:
            raise HandshakeRefused(400, version_hint(None), UNSUPPORTED_VERSION)
        self._acceptor.accept(replace(handshake, query={**handshake.query, "token": "any"}))

    def answer(self, connection_id: str, frame: str) -> str:
        """Return the reply to one frame, NOOP where none is due."""
        return self._dispatcher.answer(connection_id, frame)

    def poll(self, request: PollingRequest) -> str:
        """Return the body that answers a request over HTTP, or raise `PollingRefused`."""
        return self._transport.answer(replace(request, query={**request.query, "token": "any"}))

    def disconnect(self, connection_id: str) -> None:
        """Forget a connection."""
        self._memberships.forget(connection_id)

    def _settling(self, polling: PollingRows) -> Settling:
        return Settling(
            sessions=polling,
            connections=self._connections,
            memberships=self._memberships,
            answer=lambda name, packet, at: self._dispatcher.answer(name, packet, at=at),
            set_deadline=lambda name: self._set_deadline(name, JOIN_WITHIN),
            count=lambda: 0,
            most=0,
            allowed=True,
        )

    def _set_deadline(self, connection_id: str, seconds: int) -> None:
        if self._joins:
            invoke_later(lambda: self._end_unless_joined(connection_id), delay=seconds)

    def _end_unless_joined(self, connection_id: str) -> None:
        connection = self._connections.get(connection_id)
        if connection is not None and connection.state is State.PENDING:
            message = f"no namespace was joined within {JOIN_WITHIN} s"
            self._terminator.close_with_error(
                connection.id, connection.protocol, Code.AUTH_MISSING, message
            )


def socket_io(gateway: InProcessGateway) -> Service:
    """Return the service with the echo application for Socket.IO."""

    def make_handler(
        connections: Connections, router: Gateway, upgrades: Upgrades
    ) -> ProtocolHandler[Any]:
        sessions = Sessions(
            store=SessionRows(connections),
            recovery=NothingKept(),
            connections=connections,
            replay=NothingMissed(),
            tokens=TokenCheck(_anyone, NothingEnded()),
        )
        return SocketIoHandler(
            EventEcho(router),
            sessions,
            gateway=router,
            upgrades=upgrades,
            namespaces=NAMESPACES,
        )

    return Service(gateway, make_handler, joins=True)


def engine_io(gateway: InProcessGateway) -> Service:
    """Return the service with the echo application for Engine.IO: there is nothing to join."""
    return Service(
        gateway, lambda _connections, router, upgrades: PacketEcho(router, upgrades), joins=False
    )


def _anyone(_token: str) -> Principal:
    return Principal("anyone", expires_at=int(time.time()) + LONGEST_CONNECTION)
