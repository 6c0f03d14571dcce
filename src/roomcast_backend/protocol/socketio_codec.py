"""Socket.IO as a codec: the event's name is its type, its one argument the envelope.

One codec for each way in which the same event is written: by namespace, and with the offset as a
last argument for sessions that asked for recovery. A session's stored protocol is its codec's name.
"""

from roomcast.envelope import Envelope
from roomcast_backend.model.connection import SOCKET_IO
from roomcast_backend.protocol import engineio_packets, socketio_packets

NAMESPACES = ("/ws", "/")
"""Those that are served; a client of the old server uses either."""

NAMES = {
    "connection.established": "connection_established",
    "connection.error": "connection_error",
}
"""The two events whose name is not their type (contract: Envelope)."""


def codec_name(namespace: str, *, recover: bool = False) -> str:
    """Return the name of the codec for sessions in a namespace."""
    return f"{SOCKET_IO}:{namespace}" + (":recover" if recover else "")


class SocketIoCodec:
    """Writes what the service sends to one kind of session."""

    heartbeat = engineio_packets.PING

    def __init__(self, namespace: str, *, recover: bool = False) -> None:
        self.name = codec_name(namespace, recover=recover)
        self._namespace = namespace
        self._recover = recover

    def encode_event(self, envelope: Envelope, room: str) -> str:
        """Write an event; with recovery its id is the offset that the client comes back with."""
        offset = (envelope.id,) if self._recover else ()
        name = NAMES.get(envelope.type, envelope.type)
        return socketio_packets.event(self._namespace, name, envelope.for_room(room), *offset)


class EngineIoCodec:
    """Writes to a connection that has no session: only why it ends."""

    name = SOCKET_IO
    heartbeat = engineio_packets.PING

    def encode_event(self, envelope: Envelope, room: str) -> str:
        """Write `connection.error` as a CONNECT_ERROR of the main namespace."""
        del room
        message = str(envelope.data["error_message"])
        data = {"code": envelope.data["error_code"], "message": message}
        return socketio_packets.connect_error(socketio_packets.MAIN, message, data)
