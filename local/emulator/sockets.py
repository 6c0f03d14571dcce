"""API Gateway's rules for WebSocket clients and for messages to them.

MiniStack drives a client in one coroutine, `apigateway.handle_websocket`. A `ClientSocket` stands
between that coroutine and the client's ASGI channel, so that a rule can be applied from outside.

Where AWS's documents can be read in two ways, the harsher one is played: docs/aws.md has the table.

Limits: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

import asyncio
import http.client
import json
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar
from http import HTTPStatus
from types import ModuleType
from typing import Any, Final, NamedTuple

from local.emulator.patch import wrap

MAX_FRAME_BYTES: Final = 32 * 1024
"""A client's message. On AWS a larger one passes if it comes in frames of at most this size; a
server does not see how a message was cut, so here it does not pass."""

MAX_POST_BYTES: Final = 128 * 1024

INTEGRATION_SECONDS: Final = 29.0
"""After that API Gateway answers the client itself, whatever the function is still doing."""

MAX_CONCURRENT_FRAMES: Final = 16
"""Frames of one client that are handled at a time. API Gateway has no such limit; here each one
occupies a thread, so a client that sends more is read more slowly."""

SUBPROTOCOL: Final = "sec-websocket-protocol"

GOING_AWAY: Final = 1001
UNSUPPORTED_DATA: Final = 1003
MESSAGE_TOO_BIG: Final = 1009
SUCCESS: Final = range(200, 300)

Message = dict[str, Any]
Reply = dict[str, Any] | None
Refuse = Callable[..., Awaitable[None]]

_client_socket: ContextVar["ClientSocket"] = ContextVar("client_socket")


def install(apigateway: ModuleType) -> None:
    """Put the rules into MiniStack's module for API Gateway v2; lifetimes are the environment's."""
    refuse = apigateway._refuse_ws_handshake  # what its authorizers use
    lifetimes = Lifetimes(
        idle=float(os.environ.get("ROOMCAST_IDLE_SECONDS", "600")),
        whole=float(os.environ.get("ROOMCAST_CONNECTION_SECONDS", "7200")),
    )
    wrap(
        apigateway,
        "handle_websocket",
        lambda original: _with_client_socket(original, refuse, lifetimes),
    )
    wrap(apigateway, "_invoke_ws_lambda", _through_client_socket)
    wrap(apigateway, "handle_connections_api", _limit_posts)
    wrap(apigateway, "_evaluate_route_selection", _selects_a_route_always)


def _selects_a_route_always(original: Callable[[str, str], str]) -> Callable[[str, str], str]:
    """Return the route selection, which leads JSON that is too deep for Python to `$default`."""

    def select(expression: str, frame: str) -> str:
        try:
            return original(expression, frame)
        except RecursionError:
            return "$default"

    return select


def unacceptable(message: Message) -> int | None:
    """Return the close code with which API Gateway answers a client's frame, None if it takes it.

    Binary frames are not supported, and a frame of more than 32 KB is too big.
    """
    if message.get("bytes") is not None:
        return UNSUPPORTED_DATA
    if len(message["text"].encode()) > MAX_FRAME_BYTES:
        return MESSAGE_TOO_BIG
    return None


class Lifetimes(NamedTuple):
    """Seconds after which a connection ends: without a message in either direction, and at all."""

    idle: float
    whole: float


class ClientSocket:
    """One client: what MiniStack receives from it and sends to it passes through here."""

    def __init__(
        self, scope: Message, receive: Any, send: Any, refuse: Refuse, lifetimes: Lifetimes
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._refuse = refuse
        self._lifetimes = lifetimes
        self._began = self._active_at = time.monotonic()
        self._refusal: tuple[int, str, str] | None = None
        self._subprotocol: str | None = None
        self._closed = False
        self._free_places = asyncio.Semaphore(MAX_CONCURRENT_FRAMES)
        self._frames: set[asyncio.Task[None]] = set()

    async def receive(self) -> Message:
        """Return the client's next message, or its disconnection once API Gateway closes it.

        It closes for a frame that it does not take, and at the end of the connection's lifetime.
        """
        message = await self._next_message()
        code = GOING_AWAY
        if message is not None:
            self._active_at = time.monotonic()
            refused = unacceptable(message) if message["type"] == "websocket.receive" else None
            if refused is None:
                self._closed = self._closed or message["type"] == "websocket.disconnect"
                return message
            code = refused
        await self.send({"type": "websocket.close", "code": code})
        return {"type": "websocket.disconnect", "code": code}

    async def _next_message(self) -> Message | None:
        """Wait for the client; return None when the connection's time is over."""
        while (left := self._seconds_left()) > 0:
            with suppress(TimeoutError):
                message: Message = await asyncio.wait_for(self._receive(), left)
                return message
        return None

    def _seconds_left(self) -> float:
        ends = min(
            self._active_at + self._lifetimes.idle,
            self._began + self._lifetimes.whole,
        )
        return ends - time.monotonic()

    async def send(self, message: Message) -> None:
        """Pass a message on, unless the client is gone; a refusal is passed on with its status."""
        if self._closed:
            return
        self._active_at = time.monotonic()
        self._closed = message["type"] == "websocket.close"
        if self._closed and self._refusal is not None:
            status, connection_id, request_id = self._refusal
            why = http.client.responses.get(status, "")
            await self._refuse(self._scope, self._send, status, why, connection_id, request_id)
            return
        if message["type"] == "websocket.accept" and self._subprotocol is not None:
            message = {**message, "subprotocol": self._subprotocol}
        await self._send(message)

    def record_connect_reply(self, reply: Reply, connection_id: str, request_id: str) -> None:
        """Remember how `$connect` answered, for the handshake's answer: status and subprotocol.

        MiniStack closes an unaccepted socket with 403, whatever the function said, and accepts
        without a subprotocol, which makes a browser close. API Gateway passes on no other header.
        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
        https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html
        """
        headers = (reply or {}).get("headers") or {}
        self._subprotocol = next(
            (str(value) for name, value in headers.items() if name.lower() == SUBPROTOCOL), None
        )
        status = int((reply or {}).get("statusCode", HTTPStatus.OK))
        if status not in SUCCESS:
            self._refusal = (status, connection_id, request_id)

    async def handle_frame(
        self, invocation: Coroutine[Any, Any, Reply], connection_id: str = "", request_id: str = ""
    ) -> None:
        """Start the handling of a frame; its reply goes to the client whenever it is there.

        API Gateway handles the frames of a client side by side; MiniStack would take the next one
        only after the answer to the one before.
        """
        await self._free_places.acquire()
        task = asyncio.create_task(
            self._send_reply(invocation, error_frame(connection_id, request_id))
        )
        self._frames.add(task)
        task.add_done_callback(self._frame_done)

    def _frame_done(self, task: asyncio.Task[None]) -> None:
        self._frames.discard(task)
        self._free_places.release()

    async def _send_reply(self, invocation: Coroutine[Any, Any, Reply], error: str) -> None:
        """Send what the function returned as the complete payload: nothing is an empty frame, too.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integration-responses.html
        """
        try:
            reply = await asyncio.wait_for(invocation, INTEGRATION_SECONDS)
            body = (reply or {}).get("body") or ""
        except TimeoutError:
            body = error
        text = json.dumps(body) if isinstance(body, dict | list) else str(body)
        await self.send({"type": "websocket.send", "text": text})


def error_frame(connection_id: str, request_id: str) -> str:
    """Return what API Gateway tells a client whose frame a function did not answer."""
    frame = {"message": "Internal server error", "connectionId": connection_id}
    return json.dumps({**frame, "requestId": request_id})


def _with_client_socket(original: Any, refuse: Refuse, lifetimes: Lifetimes) -> Any:
    async def handle_websocket(
        scope: Message, receive: Any, send: Any, api_id: str, path_override: str | None = None
    ) -> None:
        client = ClientSocket(scope, receive, send, refuse, lifetimes)
        token = _client_socket.set(client)
        try:
            await original(scope, client.receive, client.send, api_id, path_override)
        finally:
            _client_socket.reset(token)

    return handle_websocket


def _through_client_socket(original: Any) -> Any:
    async def invoke_ws_lambda(*args: Any, **kwargs: Any) -> Reply:
        connection_id, event_type, request_id = args[5:8]
        if event_type == "MESSAGE":
            await _client_socket.get().handle_frame(
                original(*args, **kwargs), connection_id, request_id
            )
            return None
        reply: Reply = await original(*args, **kwargs)
        if event_type == "CONNECT":
            _client_socket.get().record_connect_reply(reply, connection_id, request_id)
        return reply

    return invoke_ws_lambda


def _limit_posts(original: Any) -> Any:
    """Refuse a message over 128 KB with 413, as PostToConnection does.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
    """

    async def handle_connections_api(method: str, *args: Any) -> Any:
        _api_id, _stage, _connection_id, body, _headers = args
        if method == "POST" and len(body) > MAX_POST_BYTES:
            error = {"x-amzn-ErrorType": "PayloadTooLargeException"}
            answer = json.dumps({"message": "Message too long"}).encode()
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE.value, error, answer
        return await original(method, *args)

    return handle_connections_api
