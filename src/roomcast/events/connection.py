"""What the service tells a single connection about itself; publishers cannot send these."""

from typing import ClassVar

from roomcast.events.base import Event
from roomcast.events.fields import Id, Text


class ConnectionEvent(Event):
    """Goes to one connection and to no room."""

    default_source: ClassVar[str] = "websocket_server"
    publishable: ClassVar[bool] = False

    def rooms(self) -> tuple[str, ...]:
        """Return nothing: the event is delivered past the rooms."""
        return ()


class ConnectionEstablished(ConnectionEvent):
    """The connection is authenticated and receives events from now on."""

    type: ClassVar[str] = "connection.established"

    connection_id: Text
    user_id: Id
    protocol_version: Text = "1.0"


class ConnectionErrored(ConnectionEvent):
    """The connection is refused or about to be closed; the codes are in docs/PROTOCOL.md."""

    type: ClassVar[str] = "connection.error"

    error_code: Text
    error_message: Text
    connection_id: Text | None = None
