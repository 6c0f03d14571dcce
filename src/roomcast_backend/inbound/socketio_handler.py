"""Socket.IO v5 on Engine.IO v4: sessions in namespaces, commands as events, replies as acks.

client                                  service
                                        0{"sid",…}               by `open`, after the handshake
40/ws,{"token"}                  ─▶     40/ws,{"sid"}            or 44/ws,{"message","data"}
                                        42/ws,["connection_established",{…}]     by `open`
42/ws,7["subscribe",{"room"}]    ─▶     43/ws,7[{"status":"success","room"}]
41/ws,                           ─▶     (the session ends, the connection stays)
"""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from roomcast_backend.gateway.connections_api import Gateway
from roomcast_backend.inbound.handler import SILENCE
from roomcast_backend.inbound.sessions import ProtocolViolation, Sessions
from roomcast_backend.lifecycle.system_events import error_frame
from roomcast_backend.model.connection import Connection
from roomcast_backend.protocol import engineio_packets, socketio_packets
from roomcast_backend.protocol.engineio_packets import Kind, Malformed, Packet
from roomcast_backend.protocol.json_codec import LARGEST_FRAME
from roomcast_backend.protocol.messages import Code, CommandRefused, Refusal
from roomcast_backend.protocol.socketio_codec import NAMESPACES, codec_name
from roomcast_backend.protocol.socketio_packets import (
    Binary,
    Connect,
    Disconnect,
    Event,
    SocketPacket,
)

TOO_LARGE = Refusal(
    Code.PAYLOAD_TOO_LARGE, f"expected a frame of at most {LARGEST_FRAME} bytes, got a larger one"
)
NO_BINARY = Refusal(Code.INVALID_MESSAGE, "expected an event of JSON values, got binary data")


class Application(Protocol):
    """What the sessions are for."""

    def greet(self, session: Connection, connect: Connect) -> None:
        """Begin with a client whose session has begun; its CONNECT is not answered yet."""
        ...

    def answer(self, session: Connection, event: Event) -> Sequence[Any]:
        """Do what an event asks for; return the arguments of its ack, or raise `CommandRefused`."""
        ...


class SocketIoHandler:
    """Answers packets for the application in its namespaces.

    What no Socket.IO client sends ends the connection.
    """

    def __init__(
        self,
        application: Application,
        sessions: Sessions,
        *,
        gateway: Gateway,
        namespaces: Collection[str] = NAMESPACES,
    ) -> None:
        self._application = application
        self._sessions = sessions
        self._gateway = gateway
        self._namespaces = namespaces

    def hear(self, connection: Connection, frame: str) -> str:
        """Do what a packet asks for."""
        if len(frame.encode(errors="surrogatepass")) > LARGEST_FRAME:
            return self.refuse(connection.id, frame, TOO_LARGE)
        try:
            return self._hear(connection, _read(frame))
        except ProtocolViolation:
            self._gateway.close(connection.id)
            return SILENCE

    def refuse(self, connection_id: str, frame: str, refusal: Refusal) -> str:
        """Refuse a packet in its namespace: by its ack, else as `connection_error`."""
        match _read(frame):
            case Connect(namespace):
                return _not_connected(namespace, refusal)
            case Event(namespace, ack) | Binary(namespace, ack):
                return self._refused(connection_id, namespace, ack, refusal)
            case _:
                return SILENCE

    def _hear(self, connection: Connection, packet: SocketPacket | Packet | Malformed) -> str:
        match packet:
            case Connect():
                return self._connect(connection, packet)
            case Event():
                return self._event(connection, packet)
            case Disconnect(namespace):
                self._sessions.end(connection, namespace)
                return SILENCE
            case Binary(namespace, ack):
                return self._refused(connection.id, namespace, ack, NO_BINARY)
            case socketio_packets.Ack() | Packet(Kind.PONG | Kind.NOOP | Kind.MESSAGE):
                return SILENCE
            case _:
                raise ProtocolViolation("not a packet of a client")

    def _connect(self, connection: Connection, packet: Connect) -> str:
        namespace = packet.namespace
        if namespace not in self._namespaces:
            return socketio_packets.connect_error(namespace, "Invalid namespace")
        try:
            begun = self._sessions.begin(connection, namespace, packet.auth)
        except CommandRefused as exc:
            return _not_connected(namespace, exc.refusal)
        self._application.greet(begun.session, packet)
        more = {"pid": begun.pid} if begun.pid else {}
        return socketio_packets.connected(namespace, begun.sid, **more)

    def _event(self, connection: Connection, event: Event) -> str:
        session = self._sessions.find(connection, event.namespace)
        try:
            answer = self._application.answer(session, event)
        except CommandRefused as exc:
            return self._refused(connection.id, event.namespace, event.ack, exc.refusal)
        if event.ack is None:
            return SILENCE
        return socketio_packets.acknowledgement(event.namespace, event.ack, *answer)

    def _refused(
        self, connection_id: str, namespace: str, ack: int | None, refusal: Refusal
    ) -> str:
        if ack is not None:
            return socketio_packets.acknowledgement(namespace, ack, refusal.body())
        if namespace not in self._namespaces:
            return SILENCE
        return error_frame(connection_id, codec_name(namespace), refusal.code, refusal.message)


def _read(frame: str) -> SocketPacket | Packet | Malformed:
    """Read a frame down to the packet that matters; binary attachments stay engine packets."""
    packet = engineio_packets.read(frame)
    if isinstance(packet, Packet) and packet.kind is Kind.MESSAGE and isinstance(packet.data, str):
        return socketio_packets.read(packet.data)
    return packet


def _not_connected(namespace: str, refusal: Refusal) -> str:
    data = {"code": str(refusal.code), "message": refusal.message, **refusal.extra}
    return socketio_packets.connect_error(namespace, refusal.message, data)
