"""The events of the service itself: `connection.established` and `connection.error`."""

from roomcast.envelope import Envelope, new_id, timestamp
from roomcast_backend.model.connection import Connection, address
from roomcast_backend.protocol import codec_named
from roomcast_backend.protocol.messages import Code

SOURCE = "websocket_server"
PROTOCOL_VERSION = "1.0"


def own_room(connection_id: str) -> str:
    """Return what stands as `room` in an event that is for one connection only.

    No client can join it: it is not a room's name.
    """
    return f"connection:{address(connection_id)}"


def own_event(event_type: str, connection_id: str, data: dict[str, object]) -> Envelope:
    """Return an event of the service itself for one connection."""
    room = own_room(connection_id)
    return Envelope(new_id(), event_type, timestamp(), SOURCE, (room,), data)


def error_frame(connection_id: str, protocol: str, code: Code, message: str) -> str:
    """Write `connection.error` for one connection or session."""
    data: dict[str, object] = {
        "error_code": str(code),
        "error_message": message,
        "connection_id": address(connection_id),
    }
    envelope = own_event("connection.error", connection_id, data)
    return codec_named(protocol).encode_event(envelope, own_room(connection_id))


def greeting(connection: Connection) -> bytes:
    """Write `connection.established`."""
    user_id = connection.principal.user_id if connection.principal else ""
    data: dict[str, object] = {
        "connection_id": address(connection.id),
        "user_id": user_id,
        "protocol_version": PROTOCOL_VERSION,
    }
    envelope = own_event("connection.established", connection.id, data)
    codec = codec_named(connection.protocol)
    return codec.encode_event(envelope, own_room(connection.id)).encode()
