"""WebSockets: the edge opens one to the WebSocket API for each client and passes messages on."""

import asyncio
import logging
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from aiohttp import (
    ClientConnectionError,
    ClientWebSocketResponse,
    WSCloseCode,
    WSMessage,
    WSMsgType,
    WSServerHandshakeError,
    web,
)
from yarl import URL

from local.edge.upstreams import CLIENT, UPSTREAMS, end_to_end_headers

MAX_MESSAGE_BYTES: Final = 1024 * 1024
"""Far over API Gateway's limits, which the API enforces; it bounds the edge's memory."""

_SUBPROTOCOL: Final = "sec-websocket-protocol"
_OWN_HANDSHAKE: Final = (
    *("sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"),
    _SUBPROTOCOL,
)

# It warns of subprotocols that were offered in vain, and names them: one can be a token.
logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)

Socket = ClientWebSocketResponse | web.WebSocketResponse


class Closing(NamedTuple):
    """With which code and reason both sides are closed."""

    code: int
    reason: bytes = b""


VANISHED: Final = Closing(WSCloseCode.GOING_AWAY)


async def proxy(request: web.Request) -> web.StreamResponse:
    """Connect to the WebSocket API, then accept the client and pass messages both ways.

    In this order a refusal of the API is the answer to the client's own handshake. The API's stage
    has no paths below it: what the client asked for is dropped, its query is kept.
    """
    if not web.WebSocketResponse().can_prepare(request):
        return _refuse(HTTPStatus.UPGRADE_REQUIRED, "Expected a WebSocket handshake")
    query = request.raw_path.partition("?")[2]
    url = URL(f"{request.app[UPSTREAMS].websocket_url}?{query}", encoded=True)
    headers = end_to_end_headers(request.headers, without=["host", *_OWN_HANDSHAKE])
    try:
        upstream = await request.app[CLIENT].ws_connect(
            url,
            headers=headers,
            protocols=_offered_subprotocols(request),
            max_msg_size=MAX_MESSAGE_BYTES,
            autoclose=False,
        )
    except WSServerHandshakeError as refusal:
        return _refuse(refusal.status, "The WebSocket API refused the connection")
    except ClientConnectionError:
        return _refuse(HTTPStatus.BAD_GATEWAY, "The WebSocket API does not answer: is it running?")
    client = web.WebSocketResponse(
        compress=False,  # API Gateway does not compress either
        protocols=[upstream.protocol] if upstream.protocol else [],
        max_msg_size=MAX_MESSAGE_BYTES,
        autoclose=False,
    )
    try:
        await client.prepare(request)
        await _exchange(client, upstream)
    finally:
        await upstream.close()
    return client


def _offered_subprotocols(request: web.Request) -> list[str]:
    """Return the names that the client offers, in its order."""
    offered = ",".join(request.headers.getall(_SUBPROTOCOL, []))
    return [name for each in offered.split(",") if (name := each.strip())]


async def _exchange(client: Socket, upstream: Socket) -> None:
    """Pass messages both ways until one side closes; then close both with its code and reason."""
    ways = {
        asyncio.create_task(_pass_on(client, upstream)),
        asyncio.create_task(_pass_on(upstream, client)),
    }
    closing = VANISHED
    try:
        ended, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        closing = ended.pop().result()
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        await asyncio.gather(
            *(side.close(code=closing.code, message=closing.reason) for side in (client, upstream))
        )


async def _pass_on(source: Socket, target: Socket) -> Closing:
    """Pass messages one by one, each when the target has room for it; return how it ended."""
    while True:
        message = await source.receive()
        try:
            if message.type is WSMsgType.TEXT:
                await target.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await target.send_bytes(message.data)
            else:
                return _closing(message)
        except ConnectionError:
            return VANISHED


def _closing(message: WSMessage) -> Closing:
    """Read how a side went: it said so, it broke the protocol, or it vanished.

    A close frame without a code reads as 0, which stands for "no status" and cannot be sent.
    """
    if message.type is WSMsgType.CLOSE:
        reason: Any = message.extra or ""
        return Closing(message.data or WSCloseCode.OK, str(reason).encode())
    return Closing(getattr(message.data, "code", WSCloseCode.GOING_AWAY))


def _refuse(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)
