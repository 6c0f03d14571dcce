"""One connection in the JSON protocol: subscribes, and turns frames into events and answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from websockets.exceptions import ConnectionClosed

from roomcast.client.errors import Refused
from roomcast.client.received import Received
from roomcast.envelope import encode

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

RETRYABLE: Final = frozenset({"RATE_LIMITED", "UNAVAILABLE"})
"""Error codes of commands that can succeed when they are sent again."""

FINAL: Final = ("CONNECTION_LIMIT", "ACCESS_REVOKED")
"""Error codes of connections after which a client does not connect again by itself."""

WAIT_MS: Final = 1000
"""How long to wait before a command is sent again, unless the service says it."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A room was joined. `recovered` is None where nothing was asked for again.

    `replayed` is how many events were.
    """

    room: str
    recovered: bool | None = None
    replayed: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """The service tells something about the connection or a room, with a code of the protocol."""

    code: str
    message: str
    room: str = ""


class Session:
    """The rooms of one open connection; `since` are the offsets of those that have one."""

    def __init__(
        self,
        socket: "ClientConnection",
        rooms: Sequence[str],
        *,
        since: Mapping[str, str | int],
        types: Sequence[str] | None = None,
    ) -> None:
        self._socket = socket
        self._rooms = rooms
        self._since = since
        self._types = types
        self._later: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    async def items(self) -> AsyncIterator[Received | Joined | Told]:
        """Subscribe, then yield what comes until the connection ends.

        Raises `Refused` for a room that the service refuses, and after an error that is final;
        what websockets raises is passed on.
        """
        try:
            for room in self._rooms:
                await self._subscribe(room)
            async for message in self._socket:
                frame = decoded(message)
                if "status" in frame:
                    if joined := self._reply(frame):
                        yield joined
                elif frame.get("type") == "connection.error":
                    yield _told(frame)
                elif "type" in frame:
                    yield Received.of(frame)
        finally:
            for task in self._later:
                task.cancel()

    async def _subscribe(self, room: str) -> None:
        command: dict[str, Any] = {"action": "subscribe", "room": room, "id": room}
        if room in self._since:
            command["since"] = self._since[room]
        if self._types is not None:
            command["types"] = list(self._types)
        await self._socket.send(encode(command))

    def _reply(self, reply: dict[str, Any]) -> Joined | None:
        """Return the room that was joined; let it be joined later after an error that can pass."""
        room, code = str(reply.get("id") or ""), str(reply.get("code", ""))
        if reply["status"] == "success":
            recovered = reply.get("recovered")
            return Joined(room, recovered, reply.get("replayed") or 0)
        if code not in RETRYABLE:
            raise Refused(f"{reply.get('message')} ({code})", code, room)
        wait = reply.get("retry_after_ms", WAIT_MS) / 1000
        task = asyncio.create_task(self._subscribe_after(wait, room))
        self._later.add(task)
        task.add_done_callback(self._later.discard)
        return None

    async def _subscribe_after(self, seconds: float, room: str) -> None:
        """Subscribe again; the events of other rooms are read meanwhile.

        One room after the other: all at once would be refused again, and many refusals end the
        connection.
        """
        async with self._turn:
            await asyncio.sleep(seconds)
            # Who reads the connection sees when it has ended.
            with suppress(OSError, ConnectionClosed):
                await self._subscribe(room)


def decoded(message: str | bytes) -> dict[str, Any]:
    """Return the JSON object of a frame, an empty one when the frame is not a JSON object."""
    try:
        frame = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return frame if isinstance(frame, dict) else {}


def _told(envelope: dict[str, Any]) -> Told:
    """Read a `connection.error`; raise `Refused` when it ends the connection for good.

    One too many of its user would be the newest after a reconnect, and another one of them would
    have to go.
    """
    data = envelope.get("data")
    details = data if isinstance(data, dict) else {}
    code, message = str(details.get("error_code", "")), str(details.get("error_message", ""))
    room = str(details.get("room") or "")
    if code in FINAL and not room:
        raise Refused(f"{message} ({code})", code)
    return Told(code, message, room)
