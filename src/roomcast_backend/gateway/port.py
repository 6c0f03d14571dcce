"""The gateway as its callers see it; `ConnectionsApi` implements it, and so do fakes.

Modules import this one for annotations only (`if TYPE_CHECKING`), so a cold start never loads it.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from roomcast_backend.gateway.posts import Outcome, Post, Posted


class Gateway(Protocol):
    """Posts to connections and closes them; a connection that is gone is not an error.

    A connection id may be a session's id: it stands for the session's connection.
    """

    def exists(self, connection_id: str) -> bool:
        """Return whether a connection's handshake is done and the connection is still open."""
        ...

    def post(self, connection_id: str, frame: bytes) -> Outcome:
        """Send one frame to one connection."""
        ...

    def post_in_order(self, connection_id: str, frames: Iterable[bytes]) -> Iterator[Outcome]:
        """Send frames to one connection, one after the other; yield the outcome of each.

        One that is throttled is sent again, some times, before the next one.
        """
        ...

    def post_all(self, posts: Iterable[Post]) -> Iterator[Posted]:
        """Send many frames concurrently; yield the result of each, in any order.

        A post is taken from `posts` when it can be sent; the number in flight is bounded.
        """
        ...

    def close(self, connection_id: str) -> None:
        """Close a connection; its client may connect again."""
        ...

    def close_all(self, connection_ids: Iterable[str]) -> None:
        """Close many connections concurrently; one that cannot be closed is not an error."""
        ...
