"""Posts to clients without a WebSocket as to those with one: their packets wait in an outbox.

post ─┬─▶ a WebSocket's connection id ─▶ @connections
      └─▶ polling:…                   ─▶ the outbox, from which the client's next GET takes it
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Protocol

from roomcast_backend.aws.errors import AwsError
from roomcast_backend.gateway.posts import Outcome, Post, Posted
from roomcast_backend.model.polling import is_polling

if TYPE_CHECKING:
    from roomcast_backend.gateway.port import Gateway


class Outbox(Protocol):
    """Keeps packets for clients until they ask for them; `PollingStore` in production.

    An id may be that of a session on the connection. Errors are `AwsError`.
    """

    def append(self, connection_id: str, frame: str) -> bool:
        """Put a packet at the end; False when its client is gone."""
        ...

    def is_open(self, connection_id: str) -> bool:
        """Tell whether packets can still reach the client."""
        ...

    def close(self, connection_id: str) -> bool:
        """Let the client's next GET end the connection; False when it has ended already."""
        ...


class Router:
    """The `Gateway` of `port` for both kinds of clients.

    `outbox` is called when the first client needs it: most containers never load it.
    """

    def __init__(
        self,
        sockets: "Gateway",
        outbox: Callable[[], Outbox],
        *,
        workers: Callable[[], Executor] | None = None,
    ) -> None:
        self._sockets = sockets
        self._outbox = outbox
        self._workers = workers or _workers

    def exists(self, connection_id: str) -> bool:
        """Return whether a connection is open."""
        if is_polling(connection_id):
            return self._outbox().is_open(connection_id)
        return self._sockets.exists(connection_id)

    def post(self, connection_id: str, frame: bytes) -> Outcome:
        """Send one frame to one connection."""
        if is_polling(connection_id):
            return self._append(connection_id, frame)
        return self._sockets.post(connection_id, frame)

    def post_in_order(self, connection_id: str, frames: Iterable[bytes]) -> Iterator[Outcome]:
        """Send frames to one connection, one after the other."""
        if is_polling(connection_id):
            return (self._append(connection_id, frame) for frame in frames)
        return self._sockets.post_in_order(connection_id, frames)

    def post_all(self, posts: Iterable[Post]) -> Iterator[Posted]:
        """Send many frames concurrently; those to outboxes after the others."""
        kept: list[Post] = []

        def to_sockets() -> Iterator[Post]:
            for post in posts:
                if is_polling(post.member.connection_id):
                    kept.append(post)
                else:
                    yield post

        yield from self._sockets.post_all(to_sockets())
        if kept:
            yield from self._workers().map(self._posted, kept)

    def close(self, connection_id: str) -> None:
        """Close a connection; its client may connect again."""
        if is_polling(connection_id):
            self._outbox().close(connection_id)
        else:
            self._sockets.close(connection_id)

    def close_all(self, connection_ids: Iterable[str]) -> None:
        """Close many connections concurrently; one that cannot be closed is not an error."""
        kept: list[str] = []

        def of_sockets() -> Iterator[str]:
            for connection_id in connection_ids:
                if is_polling(connection_id):
                    kept.append(connection_id)
                else:
                    yield connection_id

        self._sockets.close_all(of_sockets())
        for connection_id in kept:
            try:
                self._outbox().close(connection_id)
            except AwsError:
                continue

    def _posted(self, post: Post) -> Posted:
        return Posted(post, self._append(post.member.connection_id, post.frame))

    def _append(self, connection_id: str, frame: bytes) -> Outcome:
        try:
            kept = self._outbox().append(connection_id, frame.decode())
        except AwsError:
            return Outcome.FAILED
        return Outcome.SENT if kept else Outcome.GONE


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8, thread_name_prefix="outbox")
