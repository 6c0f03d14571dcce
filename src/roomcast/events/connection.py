"""Events that the service sends to one connection; publishers cannot send them."""

from typing import Any, ClassVar

from roomcast.events.base import Event
from roomcast.events.fields import Text, UserId


class ConnectionEvent(Event):
    """An event that is sent to one connection and to no room."""

    default_source: ClassVar[str] = "websocket_server"
    publishable: ClassVar[bool] = False

    def rooms(self) -> tuple[str, ...]:
        """Return no rooms: the event is sent to one connection directly."""
        return ()


class ConnectionEstablished(ConnectionEvent):
    """The connection is authenticated and receives events from now on.

    `next` is there only where the state of its rooms is told with it, and more of it is left than
    one answer posts: for each such room, after which key.
    """

    type: ClassVar[str] = "connection.established"

    connection_id: Text
    user_id: UserId
    protocol_version: Text = "1.0"
    next: dict[Text, str] | None = None

    def data(self) -> dict[str, Any]:
        """Return the payload as JSON values, without `next` where nothing is left."""
        return {name: value for name, value in super().data().items() if value is not None}


class ConnectionErrored(ConnectionEvent):
    """The connection is refused or will be closed; docs/PROTOCOL.md lists the error codes."""

    type: ClassVar[str] = "connection.error"

    error_code: Text
    error_message: Text
    connection_id: Text | None = None
