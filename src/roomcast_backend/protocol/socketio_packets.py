"""Socket.IO v5 packets inside Engine.IO messages (https://socket.io/docs/v4/socket-io-protocol/).

<type>[<attachments>-][<namespace>,][<ack id>][<JSON>]        the namespace "/" is not written
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from roomcast import event_names
from roomcast_backend.protocol.engineio_packets import Kind, Malformed
from roomcast_backend.protocol.json_codec import read_json, write_json
from roomcast_backend.protocol.messages import kind_of

MAIN = "/"

RESERVED = event_names.SOCKET_IO
"""Names that the client library uses itself: no event may have them."""

_HEAD = re.compile(
    r"(?P<type>[0-6])(?:(?P<attachments>[0-9]{1,9})-)?"
    r"(?:(?P<namespace>/[^,?\ud800-\udfff]{0,255})(?:\?[^,]*)?(?:,|\Z))?"
    r"(?P<ack>[0-9]{1,16})?",
    re.ASCII,
)
"""A namespace is answered under its name, so it must be one that UTF-8 can carry.

The query after it, which may hold a token, is not part of it and not limited here.
"""

LARGEST_ACK = 2**53 - 1
"""Ack ids count up from 0 on one client, and JavaScript counts no further without gaps."""


@dataclass(frozen=True, slots=True)
class Connect:
    """A client asks for a session in a namespace."""

    namespace: str
    auth: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Disconnect:
    """A client ends its session in a namespace."""

    namespace: str


@dataclass(frozen=True, slots=True)
class Event:
    """A client emits an event; with `ack` it waits for an answer under that number."""

    namespace: str
    ack: int | None
    name: str
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Ack:
    """A client acknowledges an event; the service asks for no acks, so it is ignored."""

    namespace: str
    ack: int
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Binary:
    """An event whose arguments follow as binary attachments, in packets of their own."""

    namespace: str
    ack: int | None
    attachments: int


SocketPacket: TypeAlias = Connect | Disconnect | Event | Ack | Binary


def read(text: str) -> SocketPacket | Malformed:
    """Read the text of a message packet; never raises, whatever it holds."""
    head = _HEAD.match(text)
    if head is None:
        return Malformed("expected a packet type from 0 to 6")
    namespace = head["namespace"] or MAIN
    ack = int(head["ack"]) if head["ack"] else None
    if ack is not None and ack > LARGEST_ACK:
        return Malformed(f"expected an ack id of at most {LARGEST_ACK}, got {ack}")
    rest = text[head.end() :]
    try:
        payload = read_json(rest) if rest else None
    except (ValueError, RecursionError):
        return Malformed("expected JSON")
    if rest and payload is None:
        return Malformed("expected an object, a list or nothing, got null")
    if head["attachments"]:
        return _binary(head, namespace, ack, payload)
    return _packet(head["type"], namespace, ack, payload)


def connected(namespace: str, sid: str, **more: str) -> str:
    """Write the reply to a CONNECT whose session has begun."""
    return _frame("0", namespace, {"sid": sid, **more})


def connect_error(namespace: str, message: str, data: Mapping[str, Any] | None = None) -> str:
    """Write the reply to a CONNECT that is refused."""
    body: dict[str, Any] = {"message": message}
    return _frame("4", namespace, body | ({"data": data} if data else {}))


def event(namespace: str, name: str, *args: Any) -> str:
    """Write an event."""
    return _frame("2", namespace, [name, *args])


def acknowledgement(namespace: str, ack: int, *args: Any) -> str:
    """Write the answer to a client's event."""
    return _frame("3", namespace, list(args), ack)


def disconnected(namespace: str) -> str:
    """Write that a session has ended; a JS client does not come back after this."""
    return _frame("1", namespace, None)


def _frame(kind: str, namespace: str, payload: Any, ack: int | None = None) -> str:
    prefix = "" if namespace == MAIN else f"{namespace},"
    number = "" if ack is None else str(ack)
    body = "" if payload is None else write_json(payload)
    return f"{Kind.MESSAGE}{kind}{prefix}{number}{body}"


def _binary(
    head: re.Match[str], namespace: str, ack: int | None, payload: Any
) -> Binary | Malformed:
    if head["type"] not in "56":
        return Malformed(f"expected no attachments in a packet of type {head['type']}")
    if not isinstance(payload, list):
        return Malformed(f"expected a list beside the attachments, got {kind_of(payload)}")
    return Binary(namespace, ack, int(head["attachments"]))


def _packet(kind: str, namespace: str, ack: int | None, payload: Any) -> SocketPacket | Malformed:
    match kind, payload:
        case "0", None | dict() if ack is None:
            return Connect(namespace, payload or {})
        case "1", None if ack is None:
            return Disconnect(namespace)
        case "2", [str(name), *args] if name not in RESERVED:
            return Event(namespace, ack, name, tuple(args))
        case "3", list() if ack is not None:
            return Ack(namespace, ack, tuple(payload))
        case _:
            return Malformed(
                f"expected the payload of a packet of type {kind}, got {kind_of(payload)}"
            )
