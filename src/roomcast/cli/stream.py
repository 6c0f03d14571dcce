"""Receives events over a WebSocket connection, and reconnects when it ends."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from roomcast.backoff import Backoff
from roomcast.cli.group import START, CommandFailed
from roomcast.cli.reachable import patience
from roomcast.cli.refusals import in_words
from roomcast.envelope import encode

BACKOFF: Final = Backoff(base=0.5, cap=30.0, attempts=0)
"""The pauses before reconnects: there is no last one."""

REFUSED: Final = frozenset({400, 401, 403, 404})
"""HTTP statuses of a handshake after which a retry would be refused, too."""


RETRYABLE: Final = frozenset({"RATE_LIMITED", "UNAVAILABLE"})
"""Error codes of commands that can succeed when they are sent again."""


TOO_MANY: Final = "(CONNECTION_LIMIT)"
"""How the text of an error ends that asks the client not to connect again."""


class AccessRefused(CommandFailed):
    """The service refuses the connection or a room, and would refuse it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStream:
    """The events of `rooms` at the WebSocket URL `url`, in the JSON protocol.

    `token` is called before every connection, so that it can return a new token when the last one
    has expired. `notice` is called with a short text when a room is joined or the connection ends.
    """

    url: str
    rooms: tuple[str, ...]
    token: Callable[[], str]
    notice: Callable[[str], None]

    async def envelopes(self) -> AsyncGenerator[dict[str, Any], None]:
        """Yield envelopes as they arrive, without end.

        Raises `CommandFailed` when the first connection fails, and `AccessRefused` when the service
        refuses a connection or a room for good. Later connections are retried until they succeed.
        """
        retry = 0
        was_connected = False
        while True:
            try:
                async with self._connect() as socket:
                    was_connected = True
                    async for envelope in self._listen(socket):
                        retry = 0
                        yield envelope
                    ended = "closed by the service"
            except InvalidURI as exc:
                raise CommandFailed(f"not a WebSocket address: {self.url}") from exc
            except (OSError, InvalidHandshake, ConnectionClosed) as exc:
                if isinstance(exc, InvalidStatus) and exc.response.status_code in REFUSED:
                    raise AccessRefused(
                        f"{self.url} refused the connection: {_reason(exc)}"
                    ) from exc
                if not was_connected:
                    raise CommandFailed(
                        f"cannot connect to {self.url}: {_reason(exc)}{_advice(exc)}"
                    ) from exc
                ended = _reason(exc)
            pause = BACKOFF.pause(retry)
            retry += 1
            self.notice(f"disconnected ({ended}); connecting again in {pause:.1f} s")
            await asyncio.sleep(pause)

    def _connect(self) -> connect:
        return connect(
            self.url,
            additional_headers={"Authorization": f"Bearer {self.token()}"},
            open_timeout=patience(self.url),
        )

    async def _listen(self, socket: ClientConnection) -> AsyncIterator[dict[str, Any]]:
        for room in self.rooms:
            await _subscribe(socket, room)
        async for message in socket:
            frame = _decoded(message)
            if "status" in frame:
                await self._handle_reply(socket, frame)
            elif frame.get("type") == "connection.error":
                self._handle_error(frame)
            elif "type" in frame:
                yield frame

    def _handle_error(self, envelope: dict[str, Any]) -> None:
        """Tell why the connection ends; raise `AccessRefused` when it is one too many of its user.

        It would be the newest after a reconnect, and another one of them would have to go.
        """
        text = _error_text(envelope)
        if TOO_MANY in text:
            raise AccessRefused(text)
        self.notice(text)

    async def _handle_reply(self, socket: ClientConnection, reply: dict[str, Any]) -> None:
        """Subscribe again after a temporary error; raise `AccessRefused` when a room is refused."""
        room = str(reply.get("id", ""))
        if reply["status"] == "success":
            self.notice(f"subscribed to {reply.get('room', room)}")
        elif reply.get("code") in RETRYABLE:
            await asyncio.sleep(reply.get("retry_after_ms", 1000) / 1000)
            await _subscribe(socket, room)
        else:
            raise AccessRefused(f"{room}: {reply.get('message')} ({reply.get('code')})")


async def _subscribe(socket: ClientConnection, room: str) -> None:
    await socket.send(encode({"action": "subscribe", "room": room, "id": room}))


def _decoded(message: str | bytes) -> dict[str, Any]:
    """Return the JSON object of a frame, an empty one when the frame is not a JSON object."""
    try:
        frame = json.loads(message)
    except ValueError:
        return {}
    return frame if isinstance(frame, dict) else {}


def _error_text(envelope: dict[str, Any]) -> str:
    data = envelope.get("data")
    details = data if isinstance(data, dict) else {}
    return f"{details.get('error_message')} ({details.get('error_code')})"


def _reason(error: Exception) -> str:
    if isinstance(error, InvalidStatus):
        return f"HTTP {in_words(error.response.status_code, bytes(error.response.body or b''))}"
    return str(error) or type(error).__name__


def _advice(error: Exception) -> str:
    """Return what to do where nothing answers; a refusal has its own advice."""
    return "" if isinstance(error, InvalidStatus) else f". {START}"
