"""The event bus: send entries to EventBridge and tell which of them it accepted."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from roomcast import batches, environment
from roomcast.backoff import Backoff
from roomcast.bus_connection import BusConnection
from roomcast.errors import NotConfigured
from roomcast.fork_local import ForkLocal
from roomcast.next_steps import next_step
from roomcast.put_results import PutResult, result_of_error
from roomcast.time_limits import TimeLimits

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

logger = logging.getLogger(__name__)

ROUNDS: Final = 3
BACKOFF: Final = Backoff(base=0.2, cap=2.0, attempts=ROUNDS)


class EventBus:
    """One EventBridge bus, by name or ARN; by default the one that the environment names.

    Before the first entry it looks whether the bus exists, unless `look` is False. Entries that
    fail for a temporary reason are sent again, in at most `ROUNDS` rounds in all. The first request
    that fails as a whole ends its round, and a round begins only if it can end within
    `TimeLimits.publish`, counted from the last request that succeeded. Finding the endpoint's
    address and the credentials has limits of its own, boto3's. An entry whose response was lost may
    be sent twice, with the same id.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        client: "EventBridgeClient | None" = None,
        limits: Callable[[], TimeLimits] = TimeLimits.chosen,
        look: bool = True,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._client = client
        self._limits = limits
        self._look = look
        self._sleep = sleep
        self._clock = clock
        self._connection = ForkLocal(self._connect)

    def put(self, entries: Sequence["Entry"]) -> list[PutResult]:
        """Send entries and return a result for each, in order; never raise for a transport fault.

        Raises `NotConfigured` when no bus or no region is configured.
        """
        if not entries:
            return []
        with self._using() as connection:
            results = _Rounds(connection, self._sleep, self._clock).put(entries)
            where = str(connection)
        return [each if each.accepted else replace(each, bus=where) for each in results]

    def connect(self) -> None:
        """Make the client now instead of at the first use; send nothing. Raise `NotConfigured`."""
        self._connection()

    def look(self) -> None:
        """Look whether the bus exists, and log what to do if not; raise `NotConfigured` only."""
        with self._using() as connection:
            try:
                missing = connection.look()
            except (BotoCoreError, OSError) as exc:
                missing = result_of_error(exc)
            if missing:
                step = next_step(missing.code)
                logger.error("%s cannot be used: %s; %s", connection, missing.code, step)

    def close(self) -> None:
        """Close the client when it is idle; the next use reads the environment again."""
        connection = self._connection.reset()
        if connection:
            connection.close()

    @contextmanager
    def _using(self) -> Iterator[BusConnection]:
        """Yield the connection, which stays open meanwhile.

        this thread: gets the connection                    begins: False, gets another one
        another thread:                     resets, closes
        """
        connection = self._connection()
        while not connection.begin():
            connection = self._connection()
        try:
            yield connection
        finally:
            connection.end()

    def _connect(self) -> BusConnection:
        name = self._name or environment.event_bus()
        if name.startswith(environment.MEMORY):
            raise NotConfigured(
                f"the bus {environment.MEMORY} belongs to an EventBroadcaster: name one on AWS here"
            )
        return BusConnection(name, self._client, self._limits(), look=self._look)


class _Rounds:
    """Sends entries over one connection, in rounds."""

    def __init__(
        self,
        connection: BusConnection,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
    ) -> None:
        self._connection = connection
        self._sleep = sleep
        self._clock = clock
        self._progress = clock()

    def put(self, entries: Sequence["Entry"]) -> list[PutResult]:
        results = self._round(entries)
        for retry in range(BACKOFF.attempts - 1):
            again = [index for index, result in enumerate(results) if result.retryable]
            pause = BACKOFF.pause(retry)
            if not again or not self._has_time_after(pause):
                break
            self._sleep(pause)
            retried = self._round([entries[index] for index in again])
            for index, result in zip(again, retried, strict=True):
                results[index] = result
        return results

    def _has_time_after(self, pause: float) -> bool:
        limits = self._connection.limits
        spent = self._clock() - self._progress
        return spent + pause + limits.request <= limits.publish

    def _round(self, entries: Sequence["Entry"]) -> list[PutResult]:
        results: list[PutResult] = []
        try:
            missing = self._connection.look()
            if missing:
                return [missing] * len(entries)
            for request in batches.requests(entries):
                results.extend(self._connection.send(request))
                self._progress = self._clock()
        except (BotoCoreError, ClientError, OSError) as exc:
            results += [result_of_error(exc)] * (len(entries) - len(results))
        return results
