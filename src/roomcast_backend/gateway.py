"""API Gateway's @connections: the only way to say something to a client unasked.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from roomcast_backend import clients
from roomcast_backend.connections import address
from roomcast_backend.delivery import Outcome, Post, Posted
from roomcast_backend.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

OUTCOMES = {
    403: Outcome.FAILED,
    410: Outcome.GONE,
    413: Outcome.TOO_LARGE,
    429: Outcome.THROTTLED,
}
"""By HTTP status; every other one above 299 is `FAILED`."""


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
        """Send many frames, side by side; yield what came of each, in any order."""
        ...

    def close(self, connection_id: str) -> None:
        """End a connection; its client may connect anew."""
        ...


class ConnectionsApi:
    """The gateway that API Gateway's management API is."""

    def __init__(
        self,
        settings: Settings,
        *,
        client: "ApiGatewayManagementApiClient | None" = None,
        workers: Executor | None = None,
    ) -> None:
        self._client = client or clients.connections_api(settings.callback_url)
        self._workers = workers or _workers()

    def exists(self, connection_id: str) -> bool:
        """Ask GetConnection; raise what is no answer."""
        try:
            self._client.get_connection(ConnectionId=address(connection_id))
        except ClientError as exc:
            if _outcome(exc) is Outcome.GONE:
                return False
            raise
        return True

    def post(self, connection_id: str, frame: bytes) -> Outcome:
        """Send one frame to one connection."""
        return self._post(connection_id, frame)[0]

    def post_all(self, posts: Iterable[Post]) -> Iterator[Posted]:
        """Send with `POSTS_AT_ONCE` threads."""
        return iter(self._workers.map(self._posted, posts))

    def close(self, connection_id: str) -> None:
        """Ask DeleteConnection; a connection that is gone already is closed."""
        try:
            self._client.delete_connection(ConnectionId=address(connection_id))
        except ClientError as exc:
            if _outcome(exc) is not Outcome.GONE:
                raise

    def _posted(self, post: Post) -> Posted:
        outcome, retry_after = self._post(post.member.connection_id, post.frame)
        return Posted(post, outcome, retry_after)

    def _post(self, connection_id: str, frame: bytes) -> tuple[Outcome, float]:
        try:
            self._client.post_to_connection(ConnectionId=address(connection_id), Data=frame)
        except ClientError as exc:
            return _outcome(exc), _retry_after(exc)
        except BotoCoreError:  # no connection, a timeout, a broken answer
            return Outcome.FAILED, 0.0
        return Outcome.SENT, 0.0


def _outcome(error: ClientError) -> Outcome:
    return OUTCOMES.get(error.response["ResponseMetadata"]["HTTPStatusCode"], Outcome.FAILED)


def _retry_after(error: ClientError) -> float:
    """Read Retry-After in seconds; its other form, a date, counts as none."""
    value = error.response["ResponseMetadata"].get("HTTPHeaders", {}).get("retry-after", "")
    return float(value) if value.isdecimal() else 0.0


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(clients.POSTS_AT_ONCE, thread_name_prefix="post")
