"""The two ways in which a client talks with the service: the JSON protocol and Socket.IO's own."""

import asyncio
import itertools
import json
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import socketio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Event = dict[str, Any]
Hear = Callable[[Event], None]

PATIENCE = 60.0
"""Seconds for a reply or the end of a connection, on a busy machine."""

SLOW = 0.01
"""The part of frames after which a JSON client does not read for a while."""

NAMESPACE = "/ws"


class Conversation(Protocol):
    """One connection; `ended` is done when it is no more."""

    ended: "asyncio.Future[Any]"

    async def ask(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a command; return its reply."""
        ...

    def tear(self) -> None:
        """End the connection without a word."""
        ...


Talk = Callable[[dict[str, str], str, Hear], "Talking"]
Talking = Any
"""An asynchronous context manager of a conversation."""


@asynccontextmanager
async def in_json(endpoints: dict[str, str], token: str, hear: Hear) -> AsyncIterator[Conversation]:
    """Talk in the JSON protocol, as `websockets` does."""
    url = f"{endpoints['websocket_url']}?token={token}"
    async with connect(url, open_timeout=PATIENCE) as connection:
        conversation = _InJson(connection, hear)
        try:
            yield conversation
        finally:
            conversation.ended.cancel()
            with suppress(asyncio.CancelledError, ConnectionClosed):
                await conversation.ended


@asynccontextmanager
async def in_socketio(
    endpoints: dict[str, str], token: str, hear: Hear
) -> AsyncIterator[Conversation]:
    """Talk as python-socketio does."""
    client = socketio.AsyncClient(reconnection=False)
    conversation = _InSocketIo(client, hear)
    await client.connect(
        endpoints["site_url"],
        auth={"token": token},
        namespaces=[NAMESPACE],
        transports=["websocket"],
        wait_timeout=int(PATIENCE),
    )
    try:
        yield conversation
    finally:
        await client.disconnect()


class _InJson:
    def __init__(self, connection: ClientConnection, hear: Hear) -> None:
        self._connection = connection
        self._hear = hear
        self._numbers = itertools.count()
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.ended: asyncio.Future[Any] = asyncio.create_task(self._read())

    async def ask(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[number] = reply
        await self._connection.send(json.dumps({"action": action, **body, "id": number}))
        async with asyncio.timeout(PATIENCE):
            return await reply

    def tear(self) -> None:
        self._connection.transport.abort()

    async def _read(self) -> None:
        """Read until the connection ends; raise `ConnectionClosed` then."""
        try:
            while True:
                frame = json.loads(await self._connection.recv())
                if "status" in frame:
                    self._replies.pop(frame["id"]).set_result(frame)
                elif "type" in frame:
                    self._hear(frame)
                if random.random() < SLOW:  # noqa: S311
                    await asyncio.sleep(random.uniform(0, 3))  # noqa: S311
        except ConnectionClosed as closed:
            for reply in self._replies.values():
                reply.set_exception(closed)
            raise


class _InSocketIo:
    def __init__(self, client: socketio.AsyncClient, hear: Hear) -> None:
        self._client = client
        self.ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        client.on("*", lambda _name, event: hear(event), namespace=NAMESPACE)
        client.on("disconnect", self._end, namespace=NAMESPACE)

    async def ask(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        reply: dict[str, Any] = await self._client.call(
            action, body, namespace=NAMESPACE, timeout=PATIENCE
        )
        return reply

    def tear(self) -> None:
        self._client.eio.ws.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def _end(self, *reason: Any) -> None:
        if not self.ended.done():
            self.ended.set_result(reason)
