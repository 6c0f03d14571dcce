"""Clients' paths: long polling goes to the HTTP API, WebSockets go to theirs.

The same choice as infra/edge_choice.js makes on AWS.
"""

from typing import Final

from aiohttp import hdrs, web

from local.edge import requests, sockets

POLLING: Final = "/socket.io/"
"""The HTTP API's path of long polling, whatever path the client has."""


async def serve(request: web.Request) -> web.StreamResponse:
    """Answer a client at the API that its transport belongs to."""
    if _is_for_websockets(request):
        return await sockets.proxy(request)
    return await requests.forward(request, f"{POLLING}?{request.raw_path.partition('?')[2]}")


def _is_for_websockets(request: web.Request) -> bool:
    """Tell whether it is the handshake of a WebSocket, which is a GET, by method and query."""
    transport = request.query.get("transport", "websocket")
    return request.method == hdrs.METH_GET and transport == "websocket"
