"""The event bus: hand entries to EventBridge and tell which of them it took."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError, ProfileNotFound

from roomcast import batches, environment
from roomcast.backoff import full_jitter
from roomcast.errors import NotConfigured
from roomcast.fork_local import ForkLocal
from roomcast.put_results import PutResult, of_failed_request, of_response
from roomcast.version import __version__

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

ROUNDS: Final = 3
CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 5
MAX_CONNECTIONS: Final = 8

_ARN = re.compile(r"arn:[^:]+:events:(?P<region>[^:]+):")


class EventBus:
    """One EventBridge bus, by name or ARN; without either, the one that the environment names.

    What fails for a passing reason is sent again, in at most `ROUNDS` rounds in all. The first
    request that fails as a whole ends its round, so that an endpoint that does not answer costs at
    most `ROUNDS` × (`CONNECT_SECONDS` + `READ_SECONDS`) and two pauses: 22 s beyond what the
    requests that succeed take. An entry whose answer got lost may be sent twice: with the same id.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        client: "EventBridgeClient | None" = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._name = name
        self._client = client
        self._sleep = sleep
        self._connection = ForkLocal(self._connect)

    def put(self, entries: Sequence["Entry"]) -> list[PutResult]:
        """Send entries and return the outcome of each, in order; never raise for a transport fault.

        Raises `NotConfigured` when it is not told which bus, or boto3 not which region.
        """
        outcomes = self._round(entries)
        for retry in range(ROUNDS - 1):
            again = [index for index, outcome in enumerate(outcomes) if outcome.retryable]
            if not again:
                break
            self._sleep(full_jitter(retry))
            retried = self._round([entries[index] for index in again])
            for index, outcome in zip(again, retried, strict=True):
                outcomes[index] = outcome
        return outcomes

    def connect(self) -> None:
        """Make the client now instead of at the first use; raise `NotConfigured`. Sends nothing."""
        self._connection()

    def close(self) -> None:
        """Drop the client and the name read from the environment; the next use makes both anew."""
        connection = self._connection.forget()
        if connection and connection.client is not self._client:
            connection.client.close()

    def _round(self, entries: Sequence["Entry"]) -> list[PutResult]:
        outcomes: list[PutResult] = []
        try:
            for request in batches.requests(entries):
                outcomes.extend(self._connection().send(request))
        except (BotoCoreError, ClientError, OSError) as exc:
            outcomes += [of_failed_request(exc)] * (len(entries) - len(outcomes))
        return outcomes

    def _connect(self) -> "_Connection":
        name = self._name or environment.event_bus()
        return _Connection(name, self._client or _client(_region_of(name)))


@dataclass(frozen=True, slots=True)
class _Connection:
    bus: str
    client: "EventBridgeClient"

    def send(self, request: Sequence["Entry"]) -> list[PutResult]:
        response = self.client.put_events(
            Entries=[{**entry, "EventBusName": self.bus} for entry in request]
        )
        return of_response(response, len(request))


def _region_of(bus: str) -> str | None:
    """Return the region that an ARN names; for a plain name, boto3's configuration decides."""
    arn = _ARN.match(bus)
    return arn["region"] if arn else None


def _client(region: str | None) -> "EventBridgeClient":
    # Retrying is this module's: botocore would repeat whole requests on top of it.
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1},
        max_pool_connections=MAX_CONNECTIONS,
        user_agent_extra=f"roomcast/{__version__}",
    )
    try:
        return Session().client("events", region_name=region, config=config)
    except (NoRegionError, ProfileNotFound, ValueError) as exc:
        raise NotConfigured(
            f"no EventBridge client: {exc} (see AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL)"
        ) from exc
