"""The edge's application: the table of routes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

from local.edge import choice, requests, site
from local.edge.upstreams import CLIENT, UPSTREAMS, Upstreams

SERVER_OPTIONS: Final[dict[str, Any]] = {"auto_decompress": False}
"""A webhook is signed as it was sent, so it has to arrive as it was sent."""


def build(upstreams: Upstreams, site_directory: Path) -> web.Application:
    """Return the edge in front of these two APIs and the site in this directory."""
    app = web.Application()
    app[UPSTREAMS] = upstreams
    app[site.SITE] = site_directory
    app.cleanup_ctx.append(_client)
    for path in ("/ws", "/ws/{rest:.*}", "/socket.io/{rest:.*}"):
        app.router.add_route("*", path, choice.serve)
    for path in ("/webhooks/{rest:.*}", "/api/{rest:.*}", "/health"):
        app.router.add_route("*", path, requests.forward)
    app.router.add_get("/{path:.*}", site.serve)
    return app


async def _client(app: web.Application) -> AsyncIterator[None]:
    """Keep one HTTP client for the application's life, which adds and decodes nothing."""
    connector = TCPConnector(
        limit=0
    )  # WebSockets and waiting requests, as many as there are clients
    async with ClientSession(
        connector=connector,
        auto_decompress=False,
        skip_auto_headers=["User-Agent", "Accept", "Accept-Encoding", "Content-Type"],
        timeout=ClientTimeout(total=None, sock_connect=5),
    ) as session:
        app[CLIENT] = session
        yield
