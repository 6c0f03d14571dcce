"""A client of the JSON protocol (docs/PROTOCOL.md, chapter 6)."""

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from websockets.asyncio.client import ClientConnection

from roomcast.cli.doctor.finding import CheckFailed
from roomcast.cli.doctor.frame_socket import FrameSocket, opened
from roomcast.cli.doctor.target import Target
from roomcast.envelope import encode

REPLY_SECONDS: Final = 15
"""A function that starts takes a second or two; Lambda's own retries are not waited for."""

GATEWAY_ERROR: Final = "a function raised or ran out of time: read the log of `subscribe`"


class JsonClient:
    """One connection; `frames` holds what comes unasked."""

    def __init__(self, socket: ClientConnection, target: Target) -> None:
        self.frames = FrameSocket(socket, _parse)
        self._numbers = itertools.count(1)
        self._patience = target.patience

    async def greeting(self) -> dict[str, Any]:
        """Return `connection.established`."""
        return await self._until("greeting", type="connection.established")

    async def ask(self, action: str, **body: Any) -> dict[str, Any]:
        """Send a command and return its reply."""
        number = await self.command(action, **body)
        return await self.reply(number, action)

    async def command(self, action: str, **body: Any) -> int:
        """Send a command; return the id of its reply."""
        number = next(self._numbers)
        await self.frames.socket.send(encode({"action": action, **body, "id": number}))
        return number

    async def reply(self, number: int, action: str) -> dict[str, Any]:
        """Return the reply with an id."""
        return await self._until(f"reply to `{action}`", id=number)

    async def succeed(self, action: str, **body: Any) -> dict[str, Any]:
        """Send a command that must succeed."""
        reply = await self.ask(action, **body)
        if reply.get("status") not in {"success", "pong"}:
            raise CheckFailed(f"`{action}` was answered {describe(reply)}")
        return reply

    async def event(self, event_id: str, *, seconds: float = REPLY_SECONDS) -> dict[str, Any]:
        """Return the event with an id."""
        return await self._until("event", seconds, id=event_id)

    async def _until(
        self, what: str, seconds: float = REPLY_SECONDS, **values: Any
    ) -> dict[str, Any]:
        return await self.frames.next(
            lambda frame: values.items() <= frame.items(),
            what=what,
            seconds=self._patience(seconds),
        )


@asynccontextmanager
async def connected(
    target: Target, user_id: str, *, url: str = "", token: str = ""
) -> AsyncIterator[JsonClient]:
    """Connect with a token, by default one of `user_id`, and wait for the greeting."""
    chosen = token or target.token(user_id)
    async with opened(url or target.deployment.required("websocket_url"), chosen) as socket:
        client = JsonClient(socket, target)
        await client.greeting()
        yield client


def describe(frame: dict[str, Any]) -> str:
    """Return a frame's code or status for a message; never its other content."""
    return str(frame.get("code") or frame.get("status") or "without a status")


def _parse(frame: str) -> dict[str, Any]:
    """Read a frame; raise `CheckFailed` for one that no JSON client expects."""
    if not frame:
        raise CheckFailed("an empty frame came", "Every answer must have a body.")
    try:
        value = json.loads(frame)
    except ValueError:
        raise CheckFailed(f"a frame of {len(frame)} characters is not JSON") from None
    if not isinstance(value, dict):
        # Engine.IO's NOOP, `6`, is JSON too: a JSON client ignores what is not an object.
        return {}
    if "requestId" in value and "message" in value:
        raise CheckFailed("API Gateway's own error frame came", GATEWAY_ERROR)
    return value
