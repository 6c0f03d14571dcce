"""One client of EventBridge, for one bus: looks for the bus once, and closes when it is idle."""

import logging
import re
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError, NoRegionError, ProfileNotFound

from roomcast.errors import NotConfigured
from roomcast.next_steps import ACCESS_DENIED, NO_SUCH_BUS, UNKNOWN_ACTION
from roomcast.put_results import PutResult, result_of_error, results_of
from roomcast.time_limits import TimeLimits
from roomcast.version import __version__

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

logger = logging.getLogger(__name__)

MAX_CONNECTIONS: Final = 8

_ARN = re.compile(r"arn:[^:]+:events:(?P<region>[^:]+):")


class BusConnection:
    """A client and what is known of its bus; threads may use it at the same time.

    `client` is a caller's own, which stays open; None makes one. `look` is False where the bus is
    known to exist.
    """

    def __init__(
        self,
        bus: str,
        client: "EventBridgeClient | None",
        limits: TimeLimits,
        *,
        look: bool,
    ) -> None:
        self.bus = bus
        self.limits = limits
        self._own = client is None
        self._client = client or _client(_region_of(bus), limits)
        self._look = look
        self._missing = False
        self._lock = threading.Lock()
        self._users = 0
        self._closing = False

    def __str__(self) -> str:
        """Return the bus and its endpoint, for the log."""
        meta = getattr(self._client, "meta", None)
        return f"bus {self.bus} at {meta.endpoint_url}" if meta else f"bus {self.bus}"

    def send(self, request: Sequence["Entry"]) -> list[PutResult]:
        """Send the entries of one request; boto3's errors are passed on."""
        response = self._client.put_events(
            Entries=[{**entry, "EventBusName": self.bus} for entry in request]
        )
        return results_of(response, len(request))

    def look(self) -> PutResult | None:
        """Look once whether the bus exists; return the result of all entries if it does not.

        EventBridge may accept entries for a bus that does not exist, and drop them. A bus that was
        missing is looked for again, in case that somebody makes it. Errors of the connection are
        passed on. What else EventBridge answers says nothing about the bus.
        """
        # A caller's own client may be a stand-in that only sends.
        describe = getattr(self._client, "describe_event_bus", None)
        if not self._look or describe is None:
            return None
        try:
            describe(Name=self.bus)
        except ClientError as exc:
            return self._note(result_of_error(exc).code)
        self._look = self._missing = False
        return None

    def _note(self, code: str) -> PutResult | None:
        if code in ACCESS_DENIED:
            self._look = False
            logger.warning(
                "cannot look whether %s exists: allow events:DescribeEventBus on it. Events are "
                "published all the same; if there is no such bus, nobody gets them",
                self,
            )
        elif code in UNKNOWN_ACTION:
            self._look = False
        elif code == NO_SUCH_BUS:
            self._missing = True
        return PutResult(NO_SUCH_BUS) if self._missing else None

    def begin(self) -> bool:
        """Note one more user; False when the connection is closed, or will be."""
        with self._lock:
            self._users += not self._closing
            return not self._closing

    def end(self) -> None:
        """Note one user less; the last one closes a connection that `close` was called for."""
        with self._lock:
            self._users -= 1
            last = self._closing and not self._users
        if last:
            self._close_client()

    def close(self) -> None:
        """Close the client as soon as nobody uses it; nobody can begin to."""
        with self._lock:
            last = not self._closing and not self._users
            self._closing = True
        if last:
            self._close_client()

    def _close_client(self) -> None:
        if self._own:
            self._client.close()


def _region_of(bus: str) -> str | None:
    """Return the region in an ARN; None for a plain name, whose region boto3 finds."""
    arn = _ARN.match(bus)
    return arn["region"] if arn else None


def _client(region: str | None, limits: TimeLimits) -> "EventBridgeClient":
    # `EventBus` retries single entries; botocore would repeat whole requests in addition.
    config = Config(
        connect_timeout=limits.connect,
        read_timeout=limits.read,
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
