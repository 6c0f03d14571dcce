"""Engine.IO v4 packets in text frames (https://socket.io/docs/v4/engine-io-protocol/).

0{…} open   1 close   2 ping   3 pong   4… message   5 upgrade   6 noop   b… binary in base64
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from roomcast.envelope import encode

LONGEST_TIMER = 2**31 - 1
"""Milliseconds. Clients add interval and timeout; a larger sum makes them disconnect at once."""

BINARY = "b"
PING = "2"
PONG = "3"
"""A client's whole frame that answers a PING."""

PROBE = "probe"
"""The data of a PING, and of the PONG to it, with which a client tries its WebSocket."""

PROBED = "3probe"
"""The whole frame that answers the PING."""

CLOSE = "1"
"""The whole frame that ends a connection."""

SEPARATOR = "\x1e"
"""Stands between the packets of one body of HTTP long-polling."""

NOOP = "6"
"""The whole frame that says nothing: clients ignore it."""


class Kind(StrEnum):
    """The first character of a packet."""

    OPEN = "0"
    CLOSE = "1"
    PING = "2"
    PONG = "3"
    MESSAGE = "4"
    UPGRADE = "5"
    NOOP = "6"


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet; its data is text, or bytes when it came in base64."""

    kind: Kind
    data: str | bytes = ""


@dataclass(frozen=True, slots=True)
class Malformed:
    """Text that is not a packet; `reason` says what was expected."""

    reason: str


def read(frame: str) -> Packet | Malformed:
    """Read a text frame."""
    if frame.startswith(BINARY):
        return _binary(frame[1:])
    try:
        return Packet(Kind(frame[:1]), frame[1:])
    except ValueError:
        return Malformed("expected a packet type from 0 to 6, or b")


def write(packet: Packet) -> str:
    """Write a packet as a text frame."""
    if isinstance(packet.data, bytes):
        return BINARY + b64encode(packet.data).decode()
    return packet.kind + packet.data


def opening(
    sid: str, *, interval: int, timeout: int, max_payload: int, upgrades: Sequence[str] = ()
) -> str:
    """Write the packet that the service sends first.

    `interval` and `timeout` of heartbeats are milliseconds, `max_payload` the bytes of the largest
    frame or body that a client may send, `upgrades` the transports that it may change to. Raises
    `ValueError` for timers that clients cannot count.
    """
    if interval + timeout > LONGEST_TIMER:
        raise ValueError(f"interval and timeout: expected at most {LONGEST_TIMER} ms together")
    return Kind.OPEN + encode(
        {
            "sid": sid,
            "upgrades": list(upgrades),
            "pingInterval": interval,
            "pingTimeout": timeout,
            "maxPayload": max_payload,
        }
    )


def _binary(text: str) -> Packet | Malformed:
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return Malformed("expected base64 after b")
    # Python's check lets surplus padding and unused bits pass: `AAAA=`, `AB==`.
    if b64encode(data).decode() != text:
        return Malformed("expected base64 after b")
    return Packet(Kind.MESSAGE, data)
