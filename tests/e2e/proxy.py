"""A proxy that blocks WebSockets, as some companies' do: it refuses every upgrade."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientSession, ClientTimeout, TCPConnector, hdrs, web

from tests.e2e.service import free_port

OF_ONE_HOP = {"host", "content-length", "transfer-encoding", "connection", "keep-alive"}


@asynccontextmanager
async def without_websockets(target: str) -> AsyncIterator[str]:
    """Serve a site of http:// without its WebSockets; yield where."""
    async with ClientSession(
        connector=TCPConnector(limit=0), timeout=ClientTimeout(total=60)
    ) as session:

        async def forward(request: web.Request) -> web.Response:
            if hdrs.UPGRADE in request.headers:
                return web.Response(status=403, text="WebSockets are blocked here")
            headers = {
                name: value
                for name, value in request.headers.items()
                if name.lower() not in OF_ONE_HOP
            }
            async with session.request(
                request.method,
                target + request.raw_path,
                headers=headers,
                data=await request.read() or None,
            ) as answer:
                kept = {
                    name: value
                    for name, value in answer.headers.items()
                    if name.lower() not in OF_ONE_HOP | {"content-encoding"}
                }
                return web.Response(status=answer.status, headers=kept, body=await answer.read())

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", forward)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        port = free_port(18700)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            await runner.cleanup()
