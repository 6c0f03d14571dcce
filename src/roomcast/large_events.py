"""Publishes large events by reference: their data goes to the bucket before they go to the bus."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from roomcast import environment
from roomcast.backoff import Backoff
from roomcast.data_bucket import DataBucket
from roomcast.envelope import MAX_FRAME_BYTES, Envelope, encode
from roomcast.fork_local import ForkLocal
from roomcast.put_results import result_of_error
from roomcast.references import DataReference
from roomcast.time_limits import TimeLimits

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger(__name__)

BACKOFF = Backoff(base=0.2, cap=2.0, attempts=0)


class _NotStored(Exception):
    """The data was not stored; `unreachable` when S3 did not answer in time."""

    def __init__(self, reason: Exception, *, unreachable: bool) -> None:
        self.unreachable = unreachable
        super().__init__(str(reason))


class LargeEvents:
    """Puts the data of events over 128 KB into the bucket; smaller events stay as they are.

    `bucket` is the bucket's name; by default `ROOMCAST_DATA_BUCKET` names it. Without a bucket an
    event travels whole, which the bus takes up to 256 KB; the service then stores its data. So it
    does where `in_memory` tells that the bus is one: unit tests do without AWS. The limits are
    those of the bus: what is repeated ends within `TimeLimits.publish`.
    """

    def __init__(
        self,
        bucket: str | None = None,
        *,
        client: "S3Client | None" = None,
        limits: Callable[[], TimeLimits] = TimeLimits.chosen,
        in_memory: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = bucket
        self._limits = limits
        self._in_memory = in_memory
        self._sleep = sleep
        self._clock = clock
        self._bucket = ForkLocal(
            lambda: DataBucket(self._bucket_name, client=client, limits=limits())
        )

    def applies_to(self, envelope: Envelope) -> bool:
        """Tell whether an event goes by reference."""
        return bool(self._bucket_name) and envelope.size() > MAX_FRAME_BYTES

    def store(self, envelopes: Iterable[Envelope]) -> Iterator[Envelope | None]:
        """Store the data of events; yield each with its reference, None (logged) when S3 refuses.

        After the first one for which S3 could not be reached, the others are not tried.
        """
        failed: _NotStored | None = None
        for envelope in envelopes:
            try:
                if failed is not None and failed.unreachable:
                    raise failed
                yield envelope.by_reference(self._stored(encode(envelope.data).encode()))
            except _NotStored as exc:
                failed = exc
                self._log(envelope, exc)
                yield None

    def close(self) -> None:
        """Forget the bucket; the next use reads the environment again."""
        self._bucket.reset()

    def _stored(self, encoded: bytes) -> DataReference:
        began, limits = self._clock(), self._limits()
        for retry in count():
            try:
                return self._bucket().put(encoded)
            except (BotoCoreError, ClientError, OSError) as exc:
                pause = BACKOFF.pause(retry)
                spent = self._clock() - began
                again = result_of_error(exc).retryable
                if not again or spent + pause + limits.request > limits.publish:
                    raise _NotStored(exc, unreachable=again) from exc
            except ValueError as exc:  # an endpoint that is no URL
                raise _NotStored(exc, unreachable=True) from exc
            self._sleep(pause)
        raise AssertionError("unreachable")

    def _log(self, envelope: Envelope, reason: _NotStored) -> None:
        logger.error(
            "%s %s was not accepted: its data could not be stored in the bucket %s: %s; "
            "a publisher needs s3:PutObject on it",
            envelope.type,
            envelope.id,
            self._bucket_name,
            reason,
        )

    @property
    def _bucket_name(self) -> str:
        return "" if self._in_memory() else self._name or environment.data_bucket()
