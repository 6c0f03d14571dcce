"""A Socket.IO client, as far as the checks need one.

Packets of Engine.IO 4 (https://socket.io/docs/v4/engine-io-protocol/) and Socket.IO 5
(https://socket.io/docs/v4/socket-io-protocol/):

    0{…} open   2 ping   3 pong   6 noop
    40/ws,{…} connect   42/ws,7[…] event with ack 7   43/ws,7[…] ack   44/ws,{…} connect error
"""

import itertools
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from websockets.asyncio.client import ClientConnection

from roomcast.cli.doctor.finding import CheckFailed
from roomcast.cli.doctor.frame_socket import FrameSocket, opened
from roomcast.cli.doctor.json_client import GATEWAY_ERROR, REPLY_SECONDS
from roomcast.cli.doctor.target import Target
from roomcast.envelope import encode

NAMESPACE: Final = "/ws"
QUERY: Final = "EIO=4&transport=websocket"
EMPTY_FRAME: Final = "It ends socket.io-client with `transport error`: answer with NOOP, `6`."

OPEN, PING, NOOP = "0", "2", "6"
CONNECT, EVENT, ACK, CONNECT_ERROR = "40", "42", "43", "44"

_PACKET: Final = re.compile(r"(4[0-6])(?:(/[^,]*),)?(\d*)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet: its `kind` is one digit for Engine.IO, two for Socket.IO; `body` is its JSON."""

    kind: str
    namespace: str = ""
    ack: int | None = None
    body: Any = None


def read(frame: str) -> Packet:
    """Read a frame; raise `CheckFailed` for one that ends a Socket.IO client."""
    if not frame:
        raise CheckFailed("an empty frame came", EMPTY_FRAME)
    if frame.startswith("{"):
        raise CheckFailed("API Gateway's own error frame came", GATEWAY_ERROR)
    if frame[0] not in "0123456":
        raise CheckFailed(f"a frame that begins with {frame[:1]!r} is not a packet", EMPTY_FRAME)
    socket_io = _PACKET.fullmatch(frame)
    kind, namespace, ack, text = socket_io.groups() if socket_io else (frame[0], "", "", frame[1:])
    try:
        body = json.loads(text) if text else None
    except ValueError:
        body = text
    return Packet(kind, namespace or "", int(ack) if ack else None, body)


class SocketIoClient:
    """One connection with at most one session, in the namespace `/ws`."""

    def __init__(self, socket: ClientConnection, target: Target) -> None:
        self.frames = FrameSocket(socket, read)
        self._numbers = itertools.count(1)
        self._patience = target.patience

    async def opening(self) -> Packet:
        """Return Engine.IO's OPEN."""
        return await self.packet(OPEN, "Engine.IO OPEN packet")

    async def begin(self, **auth: Any) -> Packet:
        """Ask for a session; return the packet that accepts or refuses it."""
        await self.frames.socket.send(f"{CONNECT}{NAMESPACE},{encode(auth)}")
        return await self.frames.next(
            lambda packet: packet.kind in {CONNECT, CONNECT_ERROR},
            what="answer to CONNECT",
            seconds=self._patience(REPLY_SECONDS),
        )

    async def session(self, **auth: Any) -> dict[str, Any]:
        """Begin a session that must be accepted; return the body of its packet."""
        packet = await self.begin(**auth)
        if packet.kind != CONNECT or not isinstance(packet.body, dict):
            raise CheckFailed(f"CONNECT was refused: {code_of(packet)}")
        return packet.body

    async def emit(self, name: str, **body: Any) -> None:
        """Send an event without an ack."""
        await self.frames.socket.send(f"{EVENT}{NAMESPACE},{encode([name, body])}")

    async def call(self, name: str, **body: Any) -> dict[str, Any]:
        """Send an event and return the one argument of its ack."""
        number = next(self._numbers)
        await self.frames.socket.send(f"{EVENT}{NAMESPACE},{number}{encode([name, body])}")
        packet = await self.frames.next(
            lambda each: each.kind == ACK and each.ack == number,
            what=f"ack of `{name}`",
            seconds=self._patience(REPLY_SECONDS),
        )
        (reply,) = packet.body
        return dict(reply)

    async def event(self, event_id: str) -> list[Any]:
        """Return name and arguments of the event with an id."""
        packet = await self.frames.next(
            lambda each: each.kind == EVENT and _id(each) == event_id,
            what="event",
            seconds=self._patience(REPLY_SECONDS),
        )
        return list(packet.body)

    async def packet(self, kind: str, what: str) -> Packet:
        """Return the next packet of a kind."""
        return await self.frames.next(
            lambda each: each.kind == kind, what=what, seconds=self._patience(REPLY_SECONDS)
        )


def code_of(packet: Packet) -> str:
    """Return the error code in a packet that refuses a session."""
    data = packet.body.get("data") if isinstance(packet.body, dict) else None
    return str(data.get("code", "no code")) if isinstance(data, dict) else "no code"


def address(url: str) -> str:
    """Return the URL that opens an Engine.IO connection."""
    return f"{url}{'&' if '?' in url else '?'}{QUERY}"


@asynccontextmanager
async def connected(target: Target, *, url: str = "") -> AsyncIterator[SocketIoClient]:
    """Connect and wait for OPEN; no session begins."""
    where = address(url or target.deployment.required("websocket_url"))
    async with opened(where) as socket:
        client = SocketIoClient(socket, target)
        await client.opening()
        yield client


@asynccontextmanager
async def in_session(target: Target, user_id: str) -> AsyncIterator[SocketIoClient]:
    """Connect and begin a session of `user_id`."""
    async with connected(target) as client:
        await client.session(token=target.token(user_id))
        yield client


def _id(packet: Packet) -> str:
    arguments = packet.body if isinstance(packet.body, list) else []
    envelope = arguments[1] if len(arguments) > 1 else None
    return str(envelope.get("id")) if isinstance(envelope, dict) else ""
