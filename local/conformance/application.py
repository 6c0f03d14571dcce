"""The echo applications that the suites test: one for Socket.IO, one for Engine.IO alone.

https://github.com/socketio/socket.io/tree/main/docs/socket.io-protocol/v5-test-suite
https://github.com/socketio/socket.io/tree/main/docs/engine.io-protocol/v4-test-suite
"""

from collections.abc import Sequence
from typing import Any

from local.conformance.invocations import invoke_later
from roomcast_backend.gateway.port import Gateway
from roomcast_backend.inbound.handler import RowRead
from roomcast_backend.inbound.upgrades import Upgrades
from roomcast_backend.model.connection import Connection
from roomcast_backend.protocol import engineio_packets, socketio_packets
from roomcast_backend.protocol.engineio_packets import NOOP, Kind, Malformed, Packet
from roomcast_backend.protocol.messages import Refusal
from roomcast_backend.protocol.socketio_packets import Connect, Event

NAMESPACES = ("/", "/custom")

QUEUED = 0.01
"""Seconds that an asynchronous invocation waits at least. A suite misses what comes any sooner."""


class EventEcho:
    """Sends events back, and acks them with their own arguments."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def greet(self, session: Connection, connect: Connect) -> None:
        """Send a client the `auth` of its CONNECT, after the reply to it."""
        frame = socketio_packets.event(connect.namespace, "auth", connect.auth)
        invoke_later(lambda: self._gateway.post(session.id, frame.encode()), delay=QUEUED)

    def answer(self, session: Connection, event: Event, *, at: int) -> Sequence[Any]:
        """Emit `message-back` for a `message`, ack a `message-with-ack`; leave others alone."""
        if event.name == "message":
            frame = socketio_packets.event(event.namespace, "message-back", *event.args)
            self._gateway.post(session.id, frame.encode())
        return event.args if event.name == "message-with-ack" else ()


class PacketEcho:
    """Sends messages back; a packet that no Engine.IO client sends ends the connection."""

    last_resort = NOOP

    def __init__(self, gateway: Gateway, upgrades: Upgrades) -> None:
        self._gateway = gateway
        self._upgrades = upgrades

    def read(self, frame: str) -> Packet | Malformed:
        """Return the packet in a frame."""
        return engineio_packets.read(frame)

    def prefetch(self, connection_id: str, packet: Packet | Malformed) -> None:
        """Read nothing: there are no sessions."""
        del connection_id, packet

    def handle(
        self,
        connection: Connection,
        packet: Packet | Malformed,
        prefetched: RowRead | None = None,
        *,
        at: int,
    ) -> str:
        """Answer a message with itself."""
        match packet:
            case Packet(Kind.MESSAGE):
                return engineio_packets.write(packet)
            case Packet(Kind.PONG | Kind.NOOP):
                return NOOP
            case Packet(Kind.PING | Kind.UPGRADE) if connection.upgrades:
                return self._change_transport(connection, packet)
            case _:
                return self._close(connection)

    def _change_transport(self, connection: Connection, packet: Packet) -> str:
        """Answer the probe of a WebSocket; after the upgrade, echo what came over HTTP."""
        if packet.kind is Kind.PING:
            probes = packet.data == engineio_packets.PROBE and self._upgrades.probe(connection)
            return engineio_packets.PROBED if probes else self._close(connection)
        pending = self._upgrades.complete(connection)
        if pending is None:
            return self._close(connection)
        for frame, at in pending:
            reply = self.handle(connection, self.read(frame), at=at)
            if reply != NOOP:
                self._gateway.post(connection.id, reply.encode())
        return NOOP

    def _close(self, connection: Connection) -> str:
        self._gateway.close(connection.id)
        return NOOP

    def refuse(self, connection_id: str, packet: Packet | Malformed, refusal: Refusal) -> str:
        """Return NOOP: Engine.IO has no packet for a refusal."""
        return NOOP
