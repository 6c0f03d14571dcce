"""API Gateway's @connections: the only way to say something to a client unasked.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Protocol
from urllib.parse import quote, urlsplit

from roomcast_backend.aws import endpoints
from roomcast_backend.aws.endpoints import Service
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.aws.http.transport import Transport
from roomcast_backend.aws.signing import Signer
from roomcast_backend.gateway.posts import Outcome, Post, Posted
from roomcast_backend.gateway.rate_limiter import RateLimiter
from roomcast_backend.model.connection import address
from roomcast_backend.settings import Settings

SERVICE = Service("execute-api", "APIGATEWAYMANAGEMENTAPI")

OUTCOMES = {
    **dict.fromkeys(range(200, 300), Outcome.SENT),
    410: Outcome.GONE,
    413: Outcome.TOO_LARGE,
    429: Outcome.THROTTLED,
}
"""By HTTP status; every other one is `FAILED`: no answer, no permission, a fault of the server."""

LARGEST_BURST = 1000
"""Posts of one container before it is held to its share of the account's rate."""


def posts_per_container(settings: Settings) -> float:
    """Return the posts a second of one container: a share for each worker and one for the bus."""
    return settings.posts_per_second / (settings.page_workers + 1)


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

    def close_all(self, connection_ids: Iterable[str]) -> None:
        """End many connections, side by side, as far as that succeeds."""
        ...


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
        pace: RateLimiter | None = None,
    ) -> None:
        self._many = many or _many(settings.callback_url)
        self._single = single or _single(settings.callback_url)
        self._signer = signer or _signer(endpoints.region(SERVICE))
        self._pace = pace or _pace(posts_per_container(settings))
        self._host = self._many.origin.authority
        self._prefix = urlsplit(settings.callback_url).path.rstrip("/") + "/@connections/"

    def exists(self, connection_id: str) -> bool:
        """Ask GetConnection; raise `AwsError` for what is none."""
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

    def close_all(self, connection_ids: Iterable[str]) -> None:
        """Ask DeleteConnection of each, at the container's pace."""
        requests = (
            (None, self._about("DELETE", connection_id))
            for connection_id in self._pace.keep(connection_ids)
        )
        for _ in self._many.exchange(requests):
            pass

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
        """Return whether the connection is there; raise `AwsError` for what is none."""
        answer = self._single.one(self._about(method, connection_id))
        outcome = OUTCOMES.get(answer.status)
        if outcome not in (Outcome.SENT, Outcome.GONE):
            raise AwsError(SERVICE.name, f"{method} @connections", "HTTP", status=answer.status)
        return outcome is Outcome.SENT

    def _about(self, method: str, connection_id: str) -> bytes:
        path = self._prefix + quote(address(connection_id), safe="")
        return self._signer.request(method, self._host, path)


@cache
def _many(url: str) -> Transport:
    return Transport(url)


@cache
def _single(url: str) -> Transport:
    return Transport(url, window=1)


@cache
def _signer(region: str) -> Signer:
    return Signer(SERVICE.name, region)


@cache
def _pace(rate: float) -> RateLimiter:
    return RateLimiter(rate, burst=LARGEST_BURST)
