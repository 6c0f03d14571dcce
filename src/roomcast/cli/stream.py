"""A connection to the service that stays: subscribes, reads, and connects again when it ends."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from roomcast.cli.group import Failure
from roomcast.envelope import encode

FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 30.0
"""Seconds between attempts to connect."""

REFUSED: Final = frozenset({400, 401, 403, 404})
"""HTTP statuses of a handshake that will be the same next time."""


TRY_AGAIN: Final = frozenset({"RATE_LIMITED", "UNAVAILABLE"})
"""Codes of refused commands that can succeed when they are sent again."""


class Refusal(Failure):
    """The service does not want us, or not in that room: trying again would not help."""


def waits() -> Iterator[float]:
    """Yield the seconds to wait before each attempt: exponential with full jitter.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    most = FIRST_WAIT
    while True:
        yield random.uniform(0, most)  # noqa: S311  not a secret
        most = min(LONGEST_WAIT, most * 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Events of `rooms` from the WebSocket address `url`, in the JSON protocol.

    `token` is called for every connection, so that a fresh one can be minted when the last has
    expired; `notice` is told in a few words whenever the connection comes or goes.
    """

    url: str
    rooms: tuple[str, ...]
    token: Callable[[], str]
    notice: Callable[[str], None]

    async def envelopes(self) -> AsyncGenerator[dict[str, Any], None]:
        """Yield events as they come, without end.

        Raises `Refusal` for what would be refused again, and `Failure` when the first connection
        fails; later ones are tried until they succeed.
        """
        pauses = waits()
        was_connected = False
        while True:
            try:
                async with self._connect() as socket:
                    was_connected = True
                    async for envelope in self._listen(socket):
                        pauses = waits()
                        yield envelope
                    ended = "closed by the service"
            except InvalidURI as exc:
                raise Failure(f"not a WebSocket address: {self.url}") from exc
            except (OSError, InvalidHandshake, ConnectionClosed) as exc:
                if isinstance(exc, InvalidStatus) and exc.response.status_code in REFUSED:
                    raise Refusal(f"{self.url} refused the connection: {_reason(exc)}") from exc
                if not was_connected:
                    raise Failure(f"cannot connect to {self.url}: {_reason(exc)}") from exc
                ended = _reason(exc)
            pause = next(pauses)
            self.notice(f"disconnected ({ended}); connecting again in {pause:.1f} s")
            await asyncio.sleep(pause)

    def _connect(self) -> connect:
        return connect(self.url, additional_headers={"Authorization": f"Bearer {self.token()}"})

    async def _listen(self, socket: ClientConnection) -> AsyncIterator[dict[str, Any]]:
        for room in self.rooms:
            await _subscribe(socket, room)
        async for message in socket:
            frame = _decoded(message)
            if "status" in frame:
                await self._hear_reply(socket, frame)
            elif frame.get("type") == "connection.error":
                self.notice(_complaint(frame))
            elif "type" in frame:
                yield frame

    async def _hear_reply(self, socket: ClientConnection, reply: dict[str, Any]) -> None:
        """Subscribe again when that was too fast; raise `Refusal` when a room is refused."""
        room = str(reply.get("id", ""))
        if reply["status"] == "success":
            self.notice(f"subscribed to {reply.get('room', room)}")
        elif reply.get("code") in TRY_AGAIN:
            await asyncio.sleep(reply.get("retry_after_ms", 1000) / 1000)
            await _subscribe(socket, room)
        else:
            raise Refusal(f"{room}: {reply.get('message')} ({reply.get('code')})")


async def _subscribe(socket: ClientConnection, room: str) -> None:
    await socket.send(encode({"action": "subscribe", "room": room, "id": room}))


def _decoded(message: str | bytes) -> dict[str, Any]:
    """Return a frame, empty when it is none of the protocol's."""
    try:
        frame = json.loads(message)
    except ValueError:
        return {}
    return frame if isinstance(frame, dict) else {}


def _complaint(envelope: dict[str, Any]) -> str:
    data = envelope.get("data")
    said = data if isinstance(data, dict) else {}
    return f"{said.get('error_message')} ({said.get('error_code')})"


def _reason(error: Exception) -> str:
    if isinstance(error, InvalidStatus):
        return f"HTTP {error.response.status_code}"
    return str(error) or type(error).__name__
