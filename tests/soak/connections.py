"""The two protocols in which a client connects to the service: JSON and Socket.IO."""

import asyncio
import itertools
import json
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any, Protocol

import socketio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

Event = dict[str, Any]
OnEvent = Callable[[Event], None]

PATIENCE = 60.0
"""Seconds for a reply or the end of a connection, on a busy machine."""

SLOW = 0.01
"""The part of frames after which a JSON client does not read for a while."""

NAMESPACE = "/ws"


class Unavailable(Exception):
    """The service answered that it cannot open a connection now: connect again."""


class Connection(Protocol):
    """One connection; `ended` is done when it is no more."""

    ended: "asyncio.Future[Any]"

    async def send_command(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a command; return its reply."""
        ...

    def abort(self) -> None:
        """End the connection without a close frame."""
        ...


Open = Callable[[dict[str, str], str, OnEvent], "Opening"]
Opening = Any
"""An asynchronous context manager that yields a `Connection`."""


@asynccontextmanager
async def open_json(
    endpoints: dict[str, str], token: str, on_event: OnEvent
) -> AsyncIterator[Connection]:
    """Open a connection in the JSON protocol, with `websockets`."""
    url = f"{endpoints['websocket_url']}?token={token}"
    try:
        websocket = await connect(url, open_timeout=PATIENCE)
    except InvalidStatus as exc:
        if exc.response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        raise Unavailable from exc
    async with websocket:
        connection = _JsonConnection(websocket, on_event)
        try:
            yield connection
        finally:
            connection.ended.cancel()
            with suppress(asyncio.CancelledError, ConnectionClosed):
                await connection.ended


@asynccontextmanager
async def open_socketio(
    endpoints: dict[str, str], token: str, on_event: OnEvent
) -> AsyncIterator[Connection]:
    """Open a connection in Socket.IO, with python-socketio."""
    client = socketio.AsyncClient(reconnection=False)
    connection = _SocketIoConnection(client, on_event)
    try:
        await client.connect(
            endpoints["site_url"],
            auth={"token": token},
            namespaces=[NAMESPACE],
            transports=["websocket"],
            wait_timeout=int(PATIENCE),
        )
        yield connection
    except socketio.exceptions.ConnectionError as exc:
        raise Unavailable from exc
    finally:
        await client.disconnect()


class _JsonConnection:
    def __init__(self, websocket: ClientConnection, on_event: OnEvent) -> None:
        self._websocket = websocket
        self._on_event = on_event
        self._numbers = itertools.count()
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.ended: asyncio.Future[Any] = asyncio.create_task(self._read())

    async def send_command(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[number] = reply
        await self._websocket.send(json.dumps({"action": action, **body, "id": number}))
        async with asyncio.timeout(PATIENCE):
            return await reply

    def abort(self) -> None:
        self._websocket.transport.abort()

    async def _read(self) -> None:
        """Read until the connection ends; raise `ConnectionClosed` then."""
        try:
            while True:
                frame = json.loads(await self._websocket.recv())
                if "status" in frame:
                    self._replies.pop(frame["id"]).set_result(frame)
                elif "type" in frame:
                    self._on_event(frame)
                if random.random() < SLOW:  # noqa: S311
                    await asyncio.sleep(random.uniform(0, 3))  # noqa: S311
        except ConnectionClosed as closed:
            for reply in self._replies.values():
                reply.set_exception(closed)
            raise


class _SocketIoConnection:
    def __init__(self, client: socketio.AsyncClient, on_event: OnEvent) -> None:
        self._client = client
        self.ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        client.on("*", lambda _name, event: on_event(event), namespace=NAMESPACE)
        client.on("disconnect", self._end, namespace=NAMESPACE)

    async def send_command(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        reply: dict[str, Any] = await self._client.call(
            action, body, namespace=NAMESPACE, timeout=PATIENCE
        )
        return reply

    def abort(self) -> None:
        self._client.eio.ws.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def _end(self, *reason: Any) -> None:
        if not self.ended.done():
            self.ended.set_result(reason)
