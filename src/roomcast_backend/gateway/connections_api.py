"""API Gateway's @connections API: posts to clients and closes their connections.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from roomcast.backoff import Backoff
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
"""Outcomes by HTTP status. Any other status is `FAILED`, as are a timeout and a lost connection."""

BACKOFF = Backoff(base=0.05, cap=0.4, attempts=5)
"""For what is throttled. A client whose frame ends its connection would wait for ever for the
close; a replay that ended with one refused post would be none, as nothing may overtake it."""

LARGEST_BURST = 1000
"""The posts that a container may make at once, at most: a page. Its share of `post_burst` may be
less."""


def posts_per_container(settings: Settings) -> float:
    """Return the posts per second of one container: a share for each worker and one for the bus."""
    return settings.posts_per_second / (settings.page_workers + 1)


def burst_per_container(settings: Settings) -> int:
    """Return the posts that one container may make at once: all of them keep under `post_burst`."""
    return max(1, min(LARGEST_BURST, settings.post_burst // (settings.page_workers + 1)))


class ConnectionsApi:
    """The `Gateway` of `port`, over API Gateway's management API.

    `many` sends the requests of a fan-out, `single` a request for one connection, which may come
    while a fan-out is under way. `limiter` holds a fan-out to the container's share of the quota.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        many: Transport | None = None,
        single: Transport | None = None,
        signer: Signer | None = None,
        limiter: RateLimiter | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._many = many or _many(settings.callback_url)
        self._single = single or _single(settings.callback_url)
        self._signer = signer or _signer(endpoints.region(SERVICE))
        self._limiter = limiter or _limiter(
            posts_per_container(settings), burst_per_container(settings)
        )
        self._host = self._many.origin.authority
        self._prefix = urlsplit(settings.callback_url).path.rstrip("/") + "/@connections/"

    def exists(self, connection_id: str) -> bool:
        """Call GetConnection; raise `AwsError` when the answer is neither a success nor 410."""
        return self._call("GET", connection_id)

    def post(self, connection_id: str, frame: bytes) -> Outcome:
        """Send one frame to one connection."""
        request = self._signer.posts(self._host, self._prefix, frame)(address(connection_id))
        return OUTCOMES.get(self._single.one(request).status, Outcome.FAILED)

    def post_in_order(self, connection_id: str, frames: Iterable[bytes]) -> Iterator[Outcome]:
        """Send frames to one connection, one after the other, at the container's rate.

        One that is throttled is sent again, as `BACKOFF` says, before the next one.
        """
        for frame in self._limiter.throttle(frames):
            yield self._post_patiently(connection_id, frame)

    def _post_patiently(self, connection_id: str, frame: bytes) -> Outcome:
        outcome = self.post(connection_id, frame)
        for retry in range(BACKOFF.attempts - 1):
            if outcome is not Outcome.THROTTLED:
                return outcome
            self._limiter.note_refusal(address(connection_id))
            self._sleep(BACKOFF.pause(retry))
            outcome = self.post(connection_id, frame)
        return outcome

    def post_all(self, posts: Iterable[Post]) -> Iterator[Posted]:
        """Send many frames concurrently, at the container's rate."""
        for post, status, retry_after, _ in self._many.exchange(self._signed(posts)):
            outcome = OUTCOMES.get(status, Outcome.FAILED)
            if outcome is Outcome.THROTTLED:
                self._limiter.note_refusal(address(post.member.connection_id))
            yield Posted(post, outcome, retry_after)

    def close(self, connection_id: str) -> None:
        """Call DeleteConnection; raise `AwsError` when the answer is neither a success nor 410.

        One that is throttled is made again, as `BACKOFF` says.
        """
        for retry in range(BACKOFF.attempts - 1):
            try:
                self._call("DELETE", connection_id)
            except AwsError as exc:
                if OUTCOMES.get(exc.status) is not Outcome.THROTTLED:
                    raise
                self._sleep(BACKOFF.pause(retry))
            else:
                return
        self._call("DELETE", connection_id)

    def close_all(self, connection_ids: Iterable[str]) -> None:
        """Call DeleteConnection for each connection, at the container's rate; ignore failures.

        Those that are throttled, or met an error of the server's, are made again, as `BACKOFF`
        says. What has had no answer is not: it has waited for longer than all these pauses.
        """
        left = self._left_open(connection_ids)
        for retry in range(BACKOFF.attempts - 1):
            if not left:
                return
            self._sleep(BACKOFF.pause(retry))
            left = self._left_open(left)

    def _left_open(self, connection_ids: Iterable[str]) -> list[str]:
        """Close connections once; return those that have to be closed again."""
        requests = (
            (connection_id, self._request("DELETE", connection_id))
            for connection_id in self._limiter.throttle(connection_ids)
        )
        left: list[str] = []
        for connection_id, status, *_ in self._many.exchange(requests):
            if OUTCOMES.get(status) is Outcome.THROTTLED:
                self._limiter.note_refusal(address(connection_id))
                left.append(connection_id)
            elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                left.append(connection_id)
        return left

    def _signed(self, posts: Iterable[Post]) -> Iterator[tuple[Post, bytes]]:
        """Yield each post and its signed request.

        Members of one protocol share a frame, whose hash is computed once.
        """
        writers: dict[bytes, Callable[[str], bytes]] = {}
        for post in self._limiter.throttle(posts):
            write = writers.get(post.frame)
            if write is None:
                write = self._signer.posts(self._host, self._prefix, post.frame)
                writers[post.frame] = write
            yield post, write(address(post.member.connection_id))

    def _call(self, method: str, connection_id: str) -> bool:
        """Return whether the connection exists; raise `AwsError` for any status but 2xx and 410."""
        answer = self._single.one(self._request(method, connection_id))
        outcome = OUTCOMES.get(answer.status)
        if outcome not in (Outcome.SENT, Outcome.GONE):
            raise AwsError(SERVICE.name, f"{method} @connections", "HTTP", status=answer.status)
        return outcome is Outcome.SENT

    def _request(self, method: str, connection_id: str) -> bytes:
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
def _limiter(rate: float, burst: int) -> RateLimiter:
    return RateLimiter(rate, burst=burst)
