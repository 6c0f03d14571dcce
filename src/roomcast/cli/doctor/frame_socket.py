"""A WebSocket connection whose frames are kept until somebody waits for them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, Generic, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from roomcast.cli.doctor.finding import CheckFailed

F = TypeVar("F")

OPEN_SECONDS: Final = 20
CLOSE_SECONDS: Final = 2
LARGEST_MESSAGE: Final = 2**20
"""Bytes; more than API Gateway sends."""

SWITCHING_PROTOCOLS: Final = 101


class FrameSocket(Generic[F]):
    """Reads frames with `parse`, which may raise `CheckFailed` for a frame that must not come."""

    def __init__(self, socket: ClientConnection, parse: Callable[[str], F]) -> None:
        self.socket = socket
        self._parse = parse
        self._waiting: list[F] = []

    async def next(self, fits: Callable[[F], bool], *, what: str, seconds: float) -> F:
        """Return the next frame that fits; raise `CheckFailed` when none comes in time."""
        for frame in self._waiting:
            if fits(frame):
                self._waiting.remove(frame)
                return frame
        try:
            async with asyncio.timeout(seconds):
                while True:
                    frame = await self._receive()
                    if fits(frame):
                        return frame
                    self._waiting.append(frame)
        except TimeoutError:
            raise CheckFailed(f"no {what} within {seconds:g} s") from None

    async def during(self, seconds: float) -> list[F]:
        """Return all frames that come within some seconds, and those that are waiting."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._waiting.append(await self._receive())
        except TimeoutError:
            frames, self._waiting = self._waiting, []
            return frames

    async def abort(self) -> None:
        """Break the connection off without a closing handshake, as a lost network does."""
        self.socket.transport.abort()
        await self.socket.wait_closed()

    async def _receive(self) -> F:
        frame = await self.socket.recv()
        return self._parse(frame if isinstance(frame, str) else frame.decode(errors="replace"))


@asynccontextmanager
async def opened(url: str, token: str = "") -> AsyncIterator[ClientConnection]:
    """Open a connection, with a token in its header; close it at the end.

    WebSocket pings are off: they would count as traffic. So is compression: it would make large
    frames small.
    """
    async with connect(
        url,
        additional_headers=_authorization(token),
        open_timeout=OPEN_SECONDS,
        close_timeout=CLOSE_SECONDS,
        max_size=LARGEST_MESSAGE,
        ping_interval=None,
        compression=None,
    ) as socket:
        yield socket


async def handshake_status(url: str, token: str) -> int:
    """Return the HTTP status of a handshake; a connection that is made is closed at once."""
    try:
        async with opened(url, token):
            return SWITCHING_PROTOCOLS
    except InvalidStatus as exc:
        return exc.response.status_code


def _authorization(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
