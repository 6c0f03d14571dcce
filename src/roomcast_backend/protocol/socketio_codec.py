"""Writes events as Socket.IO packets: the name is the event's type, the argument its envelope.

There is one codec for each way in which the same event is written: for each namespace, with or
without the offset as a last argument, which sessions get that asked for recovery. The protocol
that is stored for a session is the name of its codec.
"""

from roomcast.envelope import Envelope
from roomcast_backend.model.connection import SOCKET_IO
from roomcast_backend.protocol import socketio_packets

NAMESPACES = ("/ws", "/")
"""The namespaces that are served; clients of the old server use either."""

NAMES = {
    "connection.established": "connection_established",
    "connection.error": "connection_error",
}
"""The two events whose name is not their type (contract: Envelope)."""


def codec_name(namespace: str, *, recover: bool = False) -> str:
    """Return the name of the codec for sessions in a namespace."""
    return f"{SOCKET_IO}:{namespace}" + (":recover" if recover else "")


def namespace_of(protocol: str) -> str | None:
    """Return the namespace of a session by its protocol; None for that of a connection."""
    kind, _, rest = protocol.partition(":")
    return rest.partition(":")[0] or None if kind == SOCKET_IO else None


class SocketIoCodec:
    """Writes events for the sessions in one namespace, with or without recovery."""

    def __init__(self, namespace: str, *, recover: bool = False) -> None:
        self.name = codec_name(namespace, recover=recover)
        self._namespace = namespace
        self._recover = recover

    def encode_event(self, envelope: Envelope, room: str) -> str:
        """Write an event; with recovery its id is the offset that a client reconnects with."""
        offset = (envelope.id,) if self._recover else ()
        name = NAMES.get(envelope.type, envelope.type)
        return socketio_packets.event(self._namespace, name, envelope.for_room(room), *offset)


class EngineIoCodec:
    """Writes for a connection that has no session: the only event is why the connection ends."""

    name = SOCKET_IO

    def encode_event(self, envelope: Envelope, room: str) -> str:
        """Write `connection.error` as a CONNECT_ERROR of the main namespace."""
        del room
        message = str(envelope.data["error_message"])
        data = {"code": envelope.data["error_code"], "message": message}
        return socketio_packets.connect_error(socketio_packets.MAIN, message, data)
