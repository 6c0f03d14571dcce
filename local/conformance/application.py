"""The echo application that the suites test: once for Socket.IO, once for Engine.IO alone.

https://github.com/socketio/socket.io/tree/main/docs/socket.io-protocol/v5-test-suite
https://github.com/socketio/socket.io/tree/main/docs/engine.io-protocol/v4-test-suite
"""

from collections.abc import Sequence
from typing import Any

from local.conformance.invocations import invoke_later
from roomcast_backend.gateway.connections_api import Gateway
from roomcast_backend.inbound.handler import SILENCE
from roomcast_backend.model.connection import Connection
from roomcast_backend.protocol import engineio_packets, socketio_packets
from roomcast_backend.protocol.engineio_packets import Kind, Packet
from roomcast_backend.protocol.messages import Refusal
from roomcast_backend.protocol.socketio_packets import Connect, Event

NAMESPACES = ("/", "/custom")


class EventEcho:
    """Sends events back, and acks with what came."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def greet(self, session: Connection, connect: Connect) -> None:
        """Tell a client, after its CONNECT's reply, what it came with."""
        frame = socketio_packets.event(connect.namespace, "auth", connect.auth)
        invoke_later(lambda: self._gateway.post(session.id, frame.encode()))

    def answer(self, session: Connection, event: Event) -> Sequence[Any]:
        """Emit `message-back` for a `message`, ack a `message-with-ack`; leave others alone."""
        if event.name == "message":
            frame = socketio_packets.event(event.namespace, "message-back", *event.args)
            self._gateway.post(session.id, frame.encode())
        return event.args if event.name == "message-with-ack" else ()


class PacketEcho:
    """Sends messages back; what no Engine.IO client sends ends the connection."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def hear(self, connection: Connection, frame: str) -> str:
        """Answer a message with itself."""
        match engineio_packets.read(frame):
            case Packet(Kind.MESSAGE) as packet:
                return engineio_packets.write(packet)
            case Packet(Kind.PONG | Kind.NOOP):
                return SILENCE
            case _:
                self._gateway.close(connection.id)
                return SILENCE

    def refuse(self, connection_id: str, frame: str, refusal: Refusal) -> str:
        """Say nothing: Engine.IO has no packet for it."""
        return SILENCE
