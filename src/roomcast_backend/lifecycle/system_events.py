"""The events of the service itself, `connection.established` and `connection.error`.

Their fields, types and source are those of the models in `roomcast.events.connection`. They are
written here without the models, because importing pydantic takes some 60 ms of a cold start;
tests/unit/test_system_events.py compares each event with its model, field by field.
"""

from collections.abc import Mapping
from typing import Any

from roomcast.envelope import Envelope, new_id, timestamp
from roomcast.tenants import public_name
from roomcast_backend.model.connection import Connection, address
from roomcast_backend.protocol import codec_named
from roomcast_backend.protocol.messages import Code

SOURCE = "websocket_server"
PROTOCOL_VERSION = "1.0"


def established(connection: Connection, *, left: Mapping[str, str] | None = None) -> Envelope:
    """Return `connection.established`: the connection receives events from now on.

    `left` are the rooms of whose state it is not told all, and the keys after which more is left.
    """
    data: dict[str, Any] = {
        "connection_id": address(connection.id),
        "user_id": connection.principal.user_id if connection.principal else "",
        "protocol_version": PROTOCOL_VERSION,
    }
    if left:
        data["next"] = {public_name(room): key for room, key in left.items()}
    return _envelope("connection.established", connection.id, data)


def error(connection_id: str, code: Code, message: str, **about: Any) -> Envelope:
    """Return `connection.error`: a connection, session or command is refused.

    `about` are fields that only the refusal of a command has: the room that it is about.
    """
    data = {
        "error_code": str(code),
        "error_message": message,
        "connection_id": address(connection_id),
        **about,
    }
    return _envelope("connection.error", connection_id, data)


def established_frame(connection: Connection, *, left: Mapping[str, str] | None = None) -> str:
    """Write `connection.established` in the protocol of the connection or session."""
    return _frame(established(connection, left=left), connection.protocol)


def error_frame(connection_id: str, protocol: str, code: Code, message: str, **about: Any) -> str:
    """Write `connection.error` in the protocol of a connection or session."""
    return _frame(error(connection_id, code, message, **about), protocol)


def _envelope(event_type: str, connection_id: str, data: dict[str, Any]) -> Envelope:
    """Return an event for one connection.

    What stands in the place of a room is not the name of one, so no client can join it.
    """
    room = f"connection:{address(connection_id)}"
    return Envelope(new_id(), event_type, timestamp(), SOURCE, (room,), data)


def _frame(envelope: Envelope, protocol: str) -> str:
    (room,) = envelope.rooms
    return codec_named(protocol).encode_event(envelope, room)
