"""The server: one path for each suite, and API Gateway's rules for clients with a WebSocket.

Frames of a client are answered side by side, in no certain order; binary ones and those over
128 KB end the connection.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from uuid import uuid4

from aiohttp import WSCloseCode, WSMsgType, web

from local.conformance.gateway import InProcessGateway
from local.conformance.heartbeat import Heartbeat
from local.conformance.invocations import Invocations
from local.conformance.service import Service, engine_io, socket_io
from local.edge.sockets import MAX_MESSAGE_BYTES
from local.emulator.sockets import unacceptable
from roomcast_backend.lifecycle.handshake import Handshake, HandshakeRefused
from roomcast_backend.model import engineio_errors
from roomcast_backend.model.engineio_errors import SESSION_UNKNOWN
from roomcast_backend.polling.errors import PollingRefused
from roomcast_backend.polling.request import PollingRequest
from roomcast_backend.protocol.engineio_packets import NOOP

PATHS: Final[dict[str, Callable[[InProcessGateway], Service]]] = {
    "/engine.io/": engine_io,
    "/socket.io/": socket_io,
}

HEAD_START: Final = 0.1
"""Seconds that a request has to begin before the one that came after it begins.

The suites send two at once and count on their order; here each is answered in a thread of its own.
"""

AFTER_FRAMES: Final = 0.03
"""Seconds that frames have to be answered before another WebSocket of the same session is."""


async def build() -> web.Application:
    """Return the server's application, for the event loop that runs."""
    gateway, invocations = InProcessGateway(), Invocations()
    app = web.Application()
    for path, service in PATHS.items():
        app.router.add_route("*", path, Endpoint(service(gateway), gateway, invocations).serve)

    async def close(_app: web.Application) -> None:
        invocations.close()

    app.on_cleanup.append(close)
    return app


class Endpoint:
    """Serves the clients of one application."""

    def __init__(
        self, service: Service, gateway: InProcessGateway, invocations: Invocations
    ) -> None:
        self._service = service
        self._gateway = gateway
        self._invocations = invocations
        self._turn = asyncio.Lock()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a request over HTTP, or serve a WebSocket from its handshake to its end."""
        socket = web.WebSocketResponse(compress=False, max_msg_size=MAX_MESSAGE_BYTES)
        if socket.can_prepare(request):
            return await self._serve_socket(request, socket)
        return await self._poll(request)

    async def _poll(self, request: web.Request) -> web.Response:
        asked = PollingRequest(
            method=request.method,
            headers=_headers(request),
            query=dict(request.query),
            body=await request.read(),
        )
        async with self._turn:
            answer = asyncio.create_task(self._answer_request(asked))
            await asyncio.wait({answer}, timeout=HEAD_START)
        try:
            return web.Response(text=await answer)
        except PollingRefused as refusal:
            return web.json_response(refusal.body(), status=refusal.status)

    async def _answer_request(self, asked: PollingRequest) -> str:
        async with self._invocations.run(lambda: self._service.poll(asked)) as body:
            return body

    async def _serve_socket(
        self, request: web.Request, socket: web.WebSocketResponse
    ) -> web.StreamResponse:
        handshake = _handshake(request)
        connection_id = handshake.connection_id
        if "sid" in handshake.query:
            await asyncio.sleep(AFTER_FRAMES)
        try:
            async with self._invocations.run(lambda: self._service.connect(handshake)):
                pass
        except HandshakeRefused as refusal:
            if refusal.error is SESSION_UNKNOWN:
                return await _accept_and_close(request, socket)
            return web.json_response(
                engineio_errors.body(refusal.error, str(refusal)), status=refusal.status
            )
        try:
            await socket.prepare(request)
            heartbeat = Heartbeat(socket, self._gateway.add(connection_id, socket))
            await self._serve_frames(connection_id, socket, heartbeat)
        finally:
            self._gateway.remove(connection_id)
            async with self._invocations.run(lambda: self._service.disconnect(connection_id)):
                pass
        return socket

    async def _serve_frames(
        self, connection_id: str, socket: web.WebSocketResponse, heartbeat: Heartbeat
    ) -> None:
        """Answer the frames of a client until its socket is closed, from either side."""
        async with asyncio.TaskGroup() as tasks:
            beating = tasks.create_task(heartbeat.beat())
            async for message in socket:
                if message.type is WSMsgType.ERROR:  # no WebSocket frame: aiohttp has closed it
                    break
                code = unacceptable(_asgi(message.type, message.data))
                if code is not None:
                    await socket.close(code=code)
                    break
                heartbeat.note(message.data)
                tasks.create_task(self._answer(connection_id, message.data, socket))
            beating.cancel()

    async def _answer(self, connection_id: str, frame: str, socket: web.WebSocketResponse) -> None:
        """Have a frame answered; its client may be gone by then.

        A NOOP is not sent: clients ignore it, the suites take each frame for the one they wait for.
        """
        answered = self._invocations.run(lambda: self._service.answer(connection_id, frame))
        with suppress(ConnectionError):
            async with answered as reply:
                if reply != NOOP:
                    await socket.send_str(reply)


def _handshake(request: web.Request) -> Handshake:
    return Handshake(
        connection_id=uuid4().hex,
        headers=_headers(request),
        query=dict(request.query),
    )


async def _accept_and_close(
    request: web.Request, socket: web.WebSocketResponse
) -> web.WebSocketResponse:
    """Refuse the WebSocket of a session that has one already, in the way that the suites expect.

    The client of their Node.js version raises an error when a handshake is refused.
    """
    await socket.prepare(request)
    await socket.close(code=WSCloseCode.POLICY_VIOLATION)
    return socket


def _headers(request: web.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _asgi(kind: WSMsgType, data: str | bytes) -> dict[str, str | bytes]:
    """Return a message as the emulator sees it."""
    return {"bytes" if kind is WSMsgType.BINARY else "text": data}
