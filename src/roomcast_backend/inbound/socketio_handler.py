"""Socket.IO v5 on Engine.IO v4: sessions in namespaces, commands as events, replies as acks.

client                                  service
                                        0{"sid",…}               by `open`, after the handshake
40/ws,{"token"}                  ─▶     40/ws,{"sid"}            or 44/ws,{"message","data"}
                                        42/ws,["connection_established",{…}]     by `open`
42/ws,7["subscribe",{"room"}]    ─▶     43/ws,7[{"status":"success","room"}]
41/ws,                           ─▶     6    (the session ends, the connection stays)
2probe                           ─▶     3probe    when the client began with HTTP long-polling
5                                ─▶     the reply to its CONNECT, which it posted before
"""

from collections.abc import Collection, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.inbound.handler import Beside
from roomcast_backend.inbound.room_names import named_rooms
from roomcast_backend.inbound.sessions import ProtocolViolation, Sessions
from roomcast_backend.inbound.upgrades import Upgrades
from roomcast_backend.lifecycle.system_events import error_frame
from roomcast_backend.lifecycle.token_check import UserRead
from roomcast_backend.model.connection import Connection
from roomcast_backend.model.polling import Pending
from roomcast_backend.protocol import engineio_packets, socketio_packets
from roomcast_backend.protocol.engineio_packets import NOOP, Kind, Malformed, Packet
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

if TYPE_CHECKING:
    from roomcast_backend.gateway.port import Gateway

TOO_LARGE = Refusal(
    Code.PAYLOAD_TOO_LARGE, f"expected a frame of at most {LARGEST_FRAME} bytes, got a larger one"
)
NO_BINARY = Refusal(Code.INVALID_MESSAGE, "expected an event of JSON values, got binary data")

ReadPacket: TypeAlias = SocketPacket | Packet | Malformed
"""A Socket.IO packet; an Engine.IO packet when it is no message in text."""


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The packet of a frame that is larger than `LARGEST_FRAME`: it is refused."""

    packet: ReadPacket


class Application(Protocol):
    """What events are for. A session is stored as a connection of its own."""

    def greet(self, session: Connection, connect: Connect) -> None:
        """Prepare a greeting for a new session; the reply to its CONNECT is not sent yet."""
        ...

    def answer(self, session: Connection, event: Event, *, at: int) -> Sequence[Any]:
        """Do what an event asks for; return the arguments of its ack, or raise `CommandRefused`.

        `at` is when it was sent, epoch milliseconds.
        """
        ...


class SocketIoHandler:
    """Handles packets, and passes events in one of `namespaces` to the application.

    A packet that no Socket.IO client sends ends the connection. One that needs no answer is
    answered with NOOP.
    """

    last_resort = NOOP

    def __init__(
        self,
        application: Application,
        sessions: Sessions,
        *,
        gateway: "Gateway",
        upgrades: Upgrades | None = None,
        namespaces: Collection[str] = NAMESPACES,
    ) -> None:
        self._upgrades = upgrades
        self._application = application
        self._sessions = sessions
        self._gateway = gateway
        self._namespaces = namespaces

    def read(self, frame: str) -> ReadPacket | TooLarge:
        """Return the packet in a frame; one that is too large is read too, to be refused."""
        packet = _read(frame)
        if len(frame.encode(errors="surrogatepass")) > LARGEST_FRAME:
            return TooLarge(packet)
        return packet

    def prefetch(self, connection_id: str, packet: ReadPacket | TooLarge) -> Beside | None:
        """Begin to read what is known to be needed without the connection.

        That is the session that an event is for, and the check of a CONNECT's token. No other
        packet needs them, and no session begins in a namespace that is not served.
        """
        match packet:
            case Event(namespace) if namespace in self._namespaces:
                return self._sessions.prefetch(connection_id, namespace)
            case Connect(namespace, auth) if namespace in self._namespaces:
                return self._sessions.prefetch_token(auth)
            case _:
                return None

    def handle(
        self,
        connection: Connection,
        packet: ReadPacket | TooLarge,
        prefetched: Beside | None = None,
        *,
        at: int,
    ) -> str:
        """Do what a packet asks for."""
        if isinstance(packet, TooLarge):
            return self.refuse(connection.id, packet, TOO_LARGE)
        try:
            return self._handle(connection, packet, prefetched, at)
        except ProtocolViolation:
            self._gateway.close(connection.id)
            return NOOP

    def refuse(self, connection_id: str, packet: ReadPacket | TooLarge, refusal: Refusal) -> str:
        """Refuse a packet in its namespace: by its ack, else as `connection_error`.

        The end of an upgrade cannot be refused: its client would wait for what it has posted. It
        connects again.
        """
        match packet.packet if isinstance(packet, TooLarge) else packet:
            case Connect(namespace):
                return _connect_error(namespace, refusal)
            case Event() | Binary() as event:
                return self._event_error(connection_id, event, refusal)
            case Packet(Kind.UPGRADE):
                self._gateway.close(connection_id)
                return NOOP
            case _:
                return NOOP

    def _handle(
        self, connection: Connection, packet: ReadPacket, prefetched: Beside | None, at: int
    ) -> str:
        match packet:
            case Connect():
                return self._connect(connection, packet, prefetched, at)
            case Event():
                return self._event(connection, packet, prefetched, at)
            case Disconnect(namespace):
                self._disconnect(connection, namespace, at)
                return NOOP
            case Binary():
                return self._event_error(connection.id, packet, NO_BINARY)
            case socketio_packets.Ack() | Packet(Kind.PONG | Kind.NOOP | Kind.MESSAGE):
                return NOOP
            case Packet(Kind.PING | Kind.UPGRADE) if self._upgrades and connection.upgrades:
                return self._change_transport(self._upgrades, connection, packet)
            case _:
                raise ProtocolViolation("not a packet of a client")

    def _change_transport(self, upgrades: Upgrades, connection: Connection, packet: Packet) -> str:
        if packet.kind is Kind.UPGRADE:
            return self._upgrade(upgrades, connection)
        if packet.data != engineio_packets.PROBE or not upgrades.probe(connection):
            raise ProtocolViolation("no polling session that could be upgraded")
        return engineio_packets.PROBED

    def _upgrade(self, upgrades: Upgrades, connection: Connection) -> str:
        """Handle what the client has posted before; the last reply is the answer.

        It is handled once: when that fails the connection ends, and its client connects again.
        """
        user = connection.expected_user
        read = self._sessions.prefetch_user(user) if user else None
        try:
            pending = upgrades.complete(connection)
        finally:
            if read is not None:
                wait([read.ended])  # Lambda would freeze it in the middle of its call
        if pending is None:
            raise ProtocolViolation("the polling session went on without this WebSocket")
        try:
            return self._handle_pending(connection, pending, read)
        except Exception:
            self._gateway.close(connection.id)
            raise

    def _handle_pending(
        self, connection: Connection, pending: Sequence[Pending], user: UserRead | None
    ) -> str:
        answer = NOOP
        for frame, at in pending:
            packet = self.read(frame)
            token = None
            if isinstance(packet, Connect) and packet.namespace in self._namespaces:
                token = self._sessions.prefetch_token(packet.auth, user)
            reply = self.handle(connection, packet, token, at=at)
            if reply == NOOP:
                continue
            if answer != NOOP:
                self._post(connection.id, answer)
            answer = reply
        return answer

    def _post(self, connection_id: str, frame: str) -> None:
        (outcome,) = self._gateway.post_in_order(connection_id, [frame.encode()])
        if outcome is not Outcome.SENT:
            raise ProtocolViolation("a reply could not be sent")

    def _connect(
        self, connection: Connection, packet: Connect, prefetched: Beside | None, at: int
    ) -> str:
        namespace = packet.namespace
        if namespace not in self._namespaces:
            return socketio_packets.connect_error(namespace, "Invalid namespace")
        try:
            new = self._sessions.begin(connection, namespace, packet.auth, prefetched, at=at)
        except CommandRefused as exc:
            return _connect_error(namespace, exc.refusal)
        if new is None:
            return NOOP
        if new.new:
            self._application.greet(new.session, packet)
        more = {"pid": new.pid} if new.pid else {}
        return socketio_packets.connected(namespace, new.sid, **more)

    def _disconnect(self, connection: Connection, namespace: str, at: int) -> None:
        if namespace not in self._namespaces:
            return
        renewed = self._sessions.end(connection, namespace, at=at)
        if renewed is not None:
            self._application.greet(renewed, Connect(namespace, {}))

    def _event(
        self, connection: Connection, event: Event, prefetched: Beside | None, at: int
    ) -> str:
        session = self._sessions.find(connection, event.namespace, prefetched, at=at)
        if session is None:
            return NOOP
        try:
            answer = self._application.answer(session, event, at=at)
        except CommandRefused as exc:
            return self._event_error(connection.id, event, exc.refusal)
        if event.ack is None:
            return NOOP
        return socketio_packets.acknowledgement(event.namespace, event.ack, *answer)

    def _event_error(self, connection_id: str, event: Event | Binary, refusal: Refusal) -> str:
        """Write the refusal of an event, as its ack or, without an ack, as an event.

        It names the room that the event is about: without an ack there is nothing else to tell.
        """
        named = {**_rooms_of(event), **refusal.rooms}
        if event.ack is not None:
            body = {**refusal.body(), **named}
            return socketio_packets.acknowledgement(event.namespace, event.ack, body)
        if event.namespace not in self._namespaces:
            return NOOP
        protocol = codec_name(event.namespace)
        return error_frame(connection_id, protocol, refusal.code, refusal.message, **named)


def _read(frame: str) -> ReadPacket:
    """Read an Engine.IO packet, and the Socket.IO packet when it holds one."""
    packet = engineio_packets.read(frame)
    if isinstance(packet, Packet) and packet.kind is Kind.MESSAGE and isinstance(packet.data, str):
        return socketio_packets.read(packet.data)
    return packet


def _rooms_of(event: Event | Binary) -> dict[str, Any]:
    body = event.args[0] if isinstance(event, Event) and event.args else None
    return named_rooms(body) if isinstance(body, dict) else {}


def _connect_error(namespace: str, refusal: Refusal) -> str:
    data = {"code": str(refusal.code), "message": refusal.message, **refusal.extra}
    return socketio_packets.connect_error(namespace, refusal.message, data)
