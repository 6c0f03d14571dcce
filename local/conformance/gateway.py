"""API Gateway's management of connections, for clients of this process.

A post is refused until the handshake is done, and from the close on.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from typing import Any, Final

from aiohttp import web

from local.emulator.sockets import MAX_POST_BYTES
from roomcast_backend.gateway.port import Gateway
from roomcast_backend.gateway.posts import Outcome, Post, Posted
from roomcast_backend.model.connection import address

LONGEST_POST: Final = 5.0
"""Seconds that a post may take: a client that reads nothing must not hold its sender for ever."""


class InProcessGateway(Gateway):
    """Sends to and closes the sockets of an event loop, from any thread but the loop's own."""

    def __init__(self) -> None:
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._greeted: dict[str, asyncio.Event] = {}
        self._loop = asyncio.get_running_loop()

    def add(self, connection_id: str, socket: web.WebSocketResponse) -> asyncio.Event:
        """Accept posts for a client whose handshake is done; the first one sets the event."""
        self._sockets[connection_id] = socket
        self._greeted[connection_id] = asyncio.Event()
        return self._greeted[connection_id]

    def remove(self, connection_id: str) -> None:
        """Refuse posts for a client that has gone or is to go."""
        self._sockets.pop(connection_id, None)
        self._greeted.pop(connection_id, None)

    def exists(self, connection_id: str) -> bool:
        """Tell whether a client's handshake is done and it is still open."""
        return address(connection_id) in self._sockets

    def post(self, connection_id: str, frame: bytes) -> Outcome:
        """Send one frame to one client."""
        if len(frame) > MAX_POST_BYTES:
            return Outcome.TOO_LARGE
        socket = self._sockets.get(address(connection_id))
        if socket is None:
            return Outcome.GONE
        try:
            self._do(socket.send_str(frame.decode()))
        except TimeoutError:
            return Outcome.FAILED
        except (ConnectionError, RuntimeError):  # closed in this moment
            return Outcome.GONE
        if greeted := self._greeted.get(address(connection_id)):
            self._loop.call_soon_threadsafe(greeted.set)
        return Outcome.SENT

    def post_in_order(self, connection_id: str, frames: Iterable[bytes]) -> Iterator[Outcome]:
        """Send frames to one client, one after the other."""
        return (self.post(connection_id, frame) for frame in frames)

    def post_all(self, posts: Iterable[Post]) -> Iterator[Posted]:
        """Send one after the other."""
        for post in posts:
            yield Posted(post, self.post(post.member.connection_id, post.frame))

    def close(self, connection_id: str) -> None:
        """Close a connection, without waiting until its client has closed it too."""
        socket = self._sockets.pop(address(connection_id), None)
        if socket is not None:
            asyncio.run_coroutine_threadsafe(socket.close(), self._loop)

    def close_all(self, connection_ids: Iterable[str]) -> None:
        """Close connections, one after the other."""
        for connection_id in connection_ids:
            self.close(connection_id)

    def _do(self, action: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(action, self._loop).result(LONGEST_POST)
