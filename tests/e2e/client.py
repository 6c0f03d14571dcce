"""A real WebSocket client that tells replies from events."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 20
"""Seconds for anything to come; the first call of a function starts its interpreter."""


class Client:
    """One connection; what comes unasked is kept until somebody waits for it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._numbers = itertools.count(1)
        self._waiting: list[dict[str, Any]] = []

    async def ask(self, action: str, **body: Any) -> dict[str, Any]:
        """Send a command and return its reply, without the id."""
        number = next(self._numbers)
        await self.socket.send(json.dumps({"action": action, **body, "id": number}))
        reply = await self._until(lambda frame: frame.get("id") == number and "status" in frame)
        return {name: value for name, value in reply.items() if name != "id"}

    async def send(self, frame: str | bytes | list[str]) -> dict[str, Any]:
        """Send a frame as it is, or in fragments, and return the next reply."""
        await self.socket.send(frame)
        return await self.reply()

    async def reply(self) -> dict[str, Any]:
        """Return the next reply, to whichever command."""
        return await self._until(lambda frame: "status" in frame)

    async def event(self, event_type: str, **data: Any) -> dict[str, Any]:
        """Return the next event of a type with these values in its data."""
        return await self._until(
            lambda frame: frame.get("type") == event_type and data.items() <= frame["data"].items()
        )

    async def silence(self, seconds: float = 1.5) -> list[dict[str, Any]]:
        """Return what events come unasked within some seconds."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._waiting.append(json.loads(await self.socket.recv()))
        except TimeoutError:
            heard, self._waiting = self._waiting, []
            return [frame for frame in heard if "type" in frame]

    async def _until(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for frame in self._waiting:
            if fits(frame):
                self._waiting.remove(frame)
                return frame
        async with asyncio.timeout(PATIENCE):
            while True:
                frame = json.loads(await self.socket.recv())
                if fits(frame):
                    return dict(frame)
                self._waiting.append(frame)


@asynccontextmanager
async def connected(url: str, token: str | None = None, **options: Any) -> AsyncIterator[Client]:
    """Connect, with a token also wait for the greeting."""
    async with connect(f"{url}?token={token}" if token else url, **options) as socket:
        client = Client(socket)
        if token or "additional_headers" in options:
            await client.event("connection.established")
        yield client
