"""A gateway that knows API Gateway's rules: 410, 413, 429, 5xx, handshakes not yet done."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

from roomcast_backend.gateway.connections_api import BACKOFF
from roomcast_backend.gateway.port import Gateway
from roomcast_backend.gateway.posts import Outcome, Post, Posted
from roomcast_backend.model.connection import address

LARGEST_MESSAGE = 128 * 1024


class FakeGateway(Gateway):
    """Holds open connections and what they were sent; faults are set per connection."""

    def __init__(self, *connection_ids: str) -> None:
        self.open = set(connection_ids)
        self.sent: dict[str, list[bytes]] = defaultdict(list)
        self.closed: list[str] = []
        self.faults: dict[str, deque[Posted | Outcome]] = defaultdict(deque)
        self.posts = 0

    def fail(self, connection_id: str, *outcomes: Outcome) -> None:
        """Answer the next posts to a connection with these outcomes."""
        self.faults[connection_id].extend(outcomes)

    def exists(self, connection_id: str) -> bool:
        return address(connection_id) in self.open

    def post(self, connection_id: str, frame: bytes) -> Outcome:
        self.posts += 1
        connection_id = address(connection_id)
        if self.faults[connection_id]:
            fault = self.faults[connection_id].popleft()
            assert isinstance(fault, Outcome)
            return fault
        if connection_id not in self.open:
            return Outcome.GONE
        if len(frame) > LARGEST_MESSAGE:
            return Outcome.TOO_LARGE
        self.sent[connection_id].append(frame)
        return Outcome.SENT

    def post_in_order(self, connection_id: str, frames: Iterable[bytes]) -> Iterator[Outcome]:
        for frame in frames:
            for _ in range(BACKOFF.attempts):
                outcome = self.post(connection_id, frame)
                if outcome is not Outcome.THROTTLED:
                    break
            yield outcome

    def post_all(self, posts: Iterable[Post]) -> Iterator[Posted]:
        for post in posts:
            yield Posted(post, self.post(post.member.connection_id, post.frame))

    def close(self, connection_id: str) -> None:
        connection_id = address(connection_id)
        self.open.discard(connection_id)
        self.closed.append(connection_id)

    def close_all(self, connection_ids: Iterable[str]) -> None:
        for connection_id in connection_ids:
            self.close(connection_id)
