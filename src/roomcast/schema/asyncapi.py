"""The AsyncAPI 3.0 document of the two protocols that clients speak.

https://www.asyncapi.com/docs/reference/specification/v3.0.0

An operation tells what the service does: it `receive`s commands and `send`s events. A message of
Socket.IO is an event: its name, and its one argument as the payload.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from roomcast.events import Event
from roomcast.schema import frames
from roomcast.schema.models import Definitions, Kinds, Schema, envelope_of, key_of
from roomcast.version import __version__

SOCKET_NAMES: Final = {
    "connection.established": "connection_established",
    "connection.error": "connection_error",
}
"""The names under which Socket.IO brings the two connection events."""

ANY_ID: Final[Schema] = {"description": "Any JSON value; the reply repeats it."}

_SERVERS: Final = {
    "websocket": {
        "host": "{domain}",
        "protocol": "wss",
        "description": "One JSON object per text frame.",
    },
    "socketio": {
        "host": "{domain}",
        "pathname": "/socket.io/",
        "protocol": "wss",
        "protocolVersion": "5",
        "description": "Socket.IO on Engine.IO 4, by WebSocket or long polling.",
    },
}


def document(kinds: Kinds) -> dict[str, Any]:
    """Return the document of the events and of all commands."""
    models = [each for bodies, replies in frames.COMMANDS.values() for each in (*bodies, *replies)]
    others = (frames.Refused, frames.Auth, frames.Connected, frames.ConnectError, frames.Envelope)
    found = Definitions(kinds, [*models, *others], prefix="#/components/schemas/")
    json_channel, socket_channel = _json(found), _socketio(found)
    messages = {**json_channel.messages, **socket_channel.messages}
    domain = {"domain": {"default": "events.example.com"}}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Roomcast",
            "version": __version__,
            "description": "Events of rooms, in two protocols: docs/PROTOCOL.md.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {name: {**each, "variables": domain} for name, each in _SERVERS.items()},
        "channels": {
            "json": json_channel.document("websocket", "The JSON protocol.", _HANDSHAKE),
            "socketio": socket_channel.document("socketio", "The namespace; `/` is another.", {}),
        },
        "operations": {**json_channel.operations, **socket_channel.operations},
        "components": {"messages": messages, "schemas": found.schemas},
    }


_HANDSHAKE: Final = {
    "ws": {
        "bindingVersion": "0.1.0",
        "query": {
            "type": "object",
            "properties": {
                "token": {"type": "string", "description": "Unless a header has it."},
                "state": {"const": "true", "description": "What is current comes at once."},
            },
        },
        "headers": {
            "type": "object",
            "properties": {
                "Authorization": {"type": "string", "description": "Bearer <token>"},
                "Sec-WebSocket-Protocol": {"type": "string", "description": "roomcast, <token>"},
            },
        },
    }
}


class _Channel:
    """The messages and the operations of one protocol."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.messages: dict[str, Schema] = {}
        self.operations: dict[str, Schema] = {}

    def message(self, key: str, name: str, payload: Schema) -> Schema:
        """Add a message; return how operations refer to it."""
        key = f"{self._name}.{key_of(key)}"
        self.messages[key] = {"name": name, "title": name, "payload": payload}
        return {"$ref": f"#/channels/{self._name}/messages/{key}"}

    def receive(self, key: str, asked: Schema, *replies: Schema) -> None:
        """Add what a client asks for and is answered."""
        self._operation(key, "receive", [asked])["reply"] = {
            "channel": self._reference,
            "messages": list(replies),
        }

    def send(self, key: str, *messages: Schema) -> None:
        """Add what a client is told."""
        self._operation(key, "send", list(messages))

    def document(self, server: str, description: str, bindings: Schema) -> Schema:
        """Return the channel."""
        reference = "#/components/messages/"
        channel = {
            "address": "/ws",
            "description": description,
            "servers": [{"$ref": f"#/servers/{server}"}],
            "messages": {name: {"$ref": reference + name} for name in self.messages},
        }
        return {**channel, "bindings": bindings} if bindings else channel

    @property
    def _reference(self) -> Schema:
        return {"$ref": f"#/channels/{self._name}"}

    def _operation(self, key: str, action: str, messages: list[Schema]) -> Schema:
        operation: Schema = {"action": action, "channel": self._reference, "messages": messages}
        self.operations[f"{self._name}.{key_of(key)}"] = operation
        return operation


def _json(found: Definitions) -> _Channel:
    channel = _Channel("json")

    def body(name: str, *models: type[BaseModel]) -> Schema:
        fields = {"action": {"const": name}, "id": ANY_ID}
        frame = {"type": "object", "required": ["action"], "properties": fields}
        return {"allOf": [found.of(*models), frame]}

    def reply(*models: type[BaseModel]) -> Schema:
        return {"allOf": [found.of(*models), {"type": "object", "properties": {"id": ANY_ID}}]}

    _commands(channel, body, reply)
    ping = {"type": "object", "required": ["action"], "properties": {"action": {"const": "ping"}}}
    channel.send("heartbeat", channel.message("heartbeat", "heartbeat", ping))
    _events(channel, found, {})
    return channel


def _socketio(found: Definitions) -> _Channel:
    channel = _Channel("socketio")
    channel.receive(
        "connect",
        channel.message("connect", "CONNECT", found.of(frames.Auth)),
        channel.message("connected", "CONNECT", found.of(frames.Connected)),
        channel.message("connect_error", "CONNECT_ERROR", found.of(frames.ConnectError)),
    )
    _commands(channel, lambda _name, *models: found.of(*models), found.of)
    _events(channel, found, SOCKET_NAMES)
    return channel


def _commands(channel: _Channel, body: Callable[..., Schema], reply: Callable[..., Schema]) -> None:
    refused = channel.message("refused", "refused", reply(frames.Refused))
    for name, (bodies, replies) in frames.COMMANDS.items():
        asked = channel.message(name, name, body(name, *bodies))
        answered = channel.message(f"{name}.reply", f"{name}: reply", reply(*replies))
        channel.receive(name, asked, answered, refused)


def _events(channel: _Channel, found: Definitions, names: Mapping[str, str]) -> None:
    def message(kind: type[Event]) -> Schema:
        name = names.get(kind.type, kind.type)
        return channel.message(found.keys[kind], name, envelope_of(kind, found, frames.Envelope))

    channel.send("events", *map(message, found.events))
