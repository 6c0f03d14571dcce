"""API Gateway's @connections: the only way to say something to a client unasked.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Protocol
from urllib.parse import quote, urlsplit

from roomcast_backend.aws.signing import Signer
from roomcast_backend.aws.transport import Transport
from roomcast_backend.connections import address
from roomcast_backend.delivery import Outcome, Post, Posted
from roomcast_backend.pacing import Pace
from roomcast_backend.settings import Settings

SERVICE = "execute-api"

OUTCOMES = {
    **dict.fromkeys(range(200, 300), Outcome.SENT),
    410: Outcome.GONE,
    413: Outcome.TOO_LARGE,
    429: Outcome.THROTTLED,
}
"""By HTTP status; every other one is `FAILED`: no answer, no permission, a fault of the server."""

LARGEST_BURST = 1000
"""Posts of one container before it is held to its share of the account's rate."""


class Gateway(Protocol):
    """What the service does to connections; a connection that is no more is no error.

    Ids may be those of sessions: what is meant is the connection below.
    """

    def exists(self, connection_id: str) -> bool:
        """Tell whether the connection's handshake is done and it is still open."""
        ...

    def post(self, connection_id: str, frame: bytes) -> Outcome:
        """Send one frame to one connection."""
        ...

    def post_all(self, posts: Iterable[Post]) -> Iterator[Posted]:
        """Send many frames, side by side; yield what came of each, in any order.

        A post is taken when it can be sent; what is in flight is bounded.
        """
        ...

    def close(self, connection_id: str) -> None:
        """End a connection; its client may connect anew."""
        ...


class NoAnswer(Exception):
    """API Gateway was asked about a connection and said nothing that is an answer."""

    def __init__(self, method: str, status: int) -> None:
        super().__init__(f"{method} @connections: expected 2xx or 410, got {status or 'nothing'}")
        self.status = status


class ConnectionsApi:
    """The gateway that API Gateway's management API is.

    `many` carries the posts of a fan-out, `single` what is said to one connection, which may be
    while a fan-out is under way.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        many: Transport | None = None,
        single: Transport | None = None,
        signer: Signer | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._many = many or _many(settings.callback_url)
        self._single = single or _single(settings.callback_url)
        self._signer = signer or _signer(os.environ.get("AWS_REGION", ""))
        self._pace = pace or _pace(settings.posts_per_second / (settings.page_workers + 1))
        self._host = self._many.origin.authority
        self._prefix = urlsplit(settings.callback_url).path.rstrip("/") + "/%40connections/"

    def exists(self, connection_id: str) -> bool:
        """Ask GetConnection; raise `NoAnswer` for what is none."""
        return self._ask("GET", connection_id)

    def post(self, connection_id: str, frame: bytes) -> Outcome:
        """Send one frame to one connection."""
        request = self._signer.posts(self._host, self._prefix, frame)(address(connection_id))
        return OUTCOMES.get(self._single.one(request).status, Outcome.FAILED)

    def post_all(self, posts: Iterable[Post]) -> Iterator[Posted]:
        """Send at the container's pace."""
        for post, status, retry_after, _ in self._many.exchange(self._signed(posts)):
            outcome = OUTCOMES.get(status, Outcome.FAILED)
            if outcome is Outcome.THROTTLED:
                self._pace.refused()
            yield Posted(post, outcome, retry_after)

    def close(self, connection_id: str) -> None:
        """Ask DeleteConnection; a connection that is gone already is closed."""
        self._ask("DELETE", connection_id)

    def _signed(self, posts: Iterable[Post]) -> Iterator[tuple[Post, bytes]]:
        """Write each post as a request. All members of one protocol get the same frame."""
        writers: dict[bytes, Callable[[str], bytes]] = {}
        for post in self._pace.keep(posts):
            write = writers.get(post.frame)
            if write is None:
                write = self._signer.posts(self._host, self._prefix, post.frame)
                writers[post.frame] = write
            yield post, write(address(post.member.connection_id))

    def _ask(self, method: str, connection_id: str) -> bool:
        """Return whether the connection is there; raise `NoAnswer` for what is none."""
        path = self._prefix + quote(address(connection_id), safe="")
        answer = self._single.one(self._signer.request(method, self._host, path))
        outcome = OUTCOMES.get(answer.status)
        if outcome not in (Outcome.SENT, Outcome.GONE):
            raise NoAnswer(method, answer.status)
        return outcome is Outcome.SENT


@cache
def _many(url: str) -> Transport:
    return Transport(url)


@cache
def _single(url: str) -> Transport:
    return Transport(url, window=1)


@cache
def _signer(region: str) -> Signer:
    return Signer(SERVICE, region)


@cache
def _pace(rate: float) -> Pace:
    return Pace(rate, burst=LARGEST_BURST)
