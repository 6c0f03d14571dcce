"""The event bus: send entries to EventBridge and tell which of them it accepted."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError, ProfileNotFound

from roomcast import batches, environment
from roomcast.backoff import Backoff
from roomcast.errors import NotConfigured
from roomcast.fork_local import ForkLocal
from roomcast.put_results import PutResult, result_of_error, results_of
from roomcast.version import __version__

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

ROUNDS: Final = 3
BACKOFF: Final = Backoff(base=0.2, cap=2.0, attempts=ROUNDS)
CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 5
MAX_CONNECTIONS: Final = 8

_ARN = re.compile(r"arn:[^:]+:events:(?P<region>[^:]+):")


class EventBus:
    """One EventBridge bus, by name or ARN; by default the one that the environment names.

    Entries that fail for a temporary reason are sent again, in at most `ROUNDS` rounds in all. The
    first request that fails as a whole ends its round. So an endpoint that does not answer costs
    at most `ROUNDS` × (`CONNECT_SECONDS` + `READ_SECONDS`) and two pauses, 22 s, beside the time of
    the requests that succeed. An entry whose response was lost may be sent twice, with the same id.
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
        """Send entries and return a result for each, in order; never raise for a transport fault.

        Raises `NotConfigured` when no bus or no region is configured.
        """
        results = self._send_all(entries)
        for retry in range(BACKOFF.attempts - 1):
            again = [index for index, result in enumerate(results) if result.retryable]
            if not again:
                break
            self._sleep(BACKOFF.pause(retry))
            retried = self._send_all([entries[index] for index in again])
            for index, result in zip(again, retried, strict=True):
                results[index] = result
        return results

    def connect(self) -> None:
        """Make the client now instead of at the first use; send nothing. Raise `NotConfigured`."""
        self._connection()

    def close(self) -> None:
        """Close the client and drop the bus name; the next use reads the environment again."""
        connection = self._connection.reset()
        if connection and connection.client is not self._client:
            connection.client.close()

    def _send_all(self, entries: Sequence["Entry"]) -> list[PutResult]:
        results: list[PutResult] = []
        try:
            for request in batches.requests(entries):
                results.extend(self._connection().send(request))
        except (BotoCoreError, ClientError, OSError) as exc:
            results += [result_of_error(exc)] * (len(entries) - len(results))
        return results

    def _connect(self) -> "_BusClient":
        name = self._name or environment.event_bus()
        return _BusClient(name, self._client or _client(_region_of(name)))


@dataclass(frozen=True, slots=True)
class _BusClient:
    bus: str
    client: "EventBridgeClient"

    def send(self, request: Sequence["Entry"]) -> list[PutResult]:
        response = self.client.put_events(
            Entries=[{**entry, "EventBusName": self.bus} for entry in request]
        )
        return results_of(response, len(request))


def _region_of(bus: str) -> str | None:
    """Return the region in an ARN; None for a plain name, whose region boto3 finds."""
    arn = _ARN.match(bus)
    return arn["region"] if arn else None


def _client(region: str | None) -> "EventBridgeClient":
    # This module retries single entries; botocore would repeat whole requests in addition.
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
