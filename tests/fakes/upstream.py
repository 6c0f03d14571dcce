"""Two APIs in one: what stands behind the edge, telling what arrived there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

MAX_BODY = 20 * 1024 * 1024


class Upstream:
    """Echoes WebSocket messages and HTTP requests, and remembers what it was asked.

    A handshake's query steers it: `status=401` refuses, `close=4001` closes at once with a reason,
    `vanish=1` breaks the connection.
    """

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.body = b""
        self.answer: dict[str, Any] = {"status": 200}
        self.closed_with: int | None = None
        self.lengths: list[int] = []
        self.frames: list[WSMsgType] = []
        self.release = asyncio.Event()
        self.waiting = 0
        self.given_up = 0

    async def websocket(self, request: web.Request) -> web.StreamResponse:
        """Answer a handshake at the stage's own path."""
        self.requests.append(request)
        if status := request.query.get("status"):
            return web.Response(status=int(status))
        socket = web.WebSocketResponse(max_msg_size=0, autoping=False, protocols=["roomcast"])
        await socket.prepare(request)
        if code := request.query.get("close"):
            await socket.close(code=int(code), message=b"because")
        if "vanish" in request.query and request.transport:
            request.transport.abort()
        async for message in socket:
            self.frames.append(message.type)
            if message.type is WSMsgType.PING:
                await socket.pong(message.data)
                continue
            self.lengths.append(len(message.data))
            if message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
            else:
                await socket.send_bytes(message.data)
        self.closed_with = socket.close_code
        return socket

    async def http(self, request: web.Request) -> web.Response:
        """Answer any request below the stage with `answer`; with `wait` when `release` is set."""
        self.requests.append(request)
        self.body = await request.read()
        if "wait" in request.query:
            await self._wait()
        return web.Response(**self.answer)

    async def _wait(self) -> None:
        self.waiting += 1
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        finally:
            self.waiting -= 1


@asynccontextmanager
async def serve(upstream: Upstream) -> AsyncIterator[TestServer]:
    """Serve it at /ws (WebSockets) and /live (HTTP)."""
    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_get("/ws", upstream.websocket)
    app.router.add_route("*", "/live/{path:.*}", upstream.http)
    server = TestServer(app)
    await server.start_server(auto_decompress=False)
    try:
        yield server
    finally:
        await server.close()
