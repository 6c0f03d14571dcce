"""The data of events that are too large for a post, in the data bucket."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from roomcast import deliverable
from roomcast.data_bucket import DataBucket
from roomcast.envelope import Envelope, encode
from roomcast.references import DataReference
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.settings import Settings


class LargeData:
    """Stores data and links to it; raises `AwsError` when S3 does not answer."""

    def __init__(self, settings: Settings, *, bucket: DataBucket | None = None) -> None:
        self._name = settings.data_bucket
        self._given = bucket
        self._last: tuple[dict[str, Any], DataReference] | None = None

    def refer(self, envelope: Envelope) -> Envelope:
        """Store the data of an event and return the event with a reference to it.

        Storing it again, after a retry or for another protocol, writes the same object.
        """
        # By the object: another event may come with the same id, days later.
        if self._last is None or self._last[0] is not envelope.data:
            with _aws_errors("PutObject"):
                reference = self._bucket.put(encode(envelope.data).encode())
            self._last = (envelope.data, reference)
        return envelope.by_reference(self._last[1])

    def data(self, envelope: Envelope) -> dict[str, Any]:
        """Return the data of an event, from the bucket where it stands there.

        Empty when it is there no more: the bucket keeps it as long as the log keeps the event. So
        is what no event could have as its data: publishers write objects of their own.
        """
        if envelope.reference is None:
            return envelope.data
        with _aws_errors("GetObject"):
            encoded = self._bucket.get(envelope.reference)
        return {} if encoded is None else deliverable.data_in(encoded)

    def link(self, envelope: Envelope) -> Envelope:
        """Return an event that has a reference with a fresh link to its data."""
        if envelope.reference is None:
            return envelope
        with _aws_errors("GetObject"):
            link = self._bucket.link(envelope.reference)
        return envelope.with_link(link)

    @cached_property
    def _bucket(self) -> DataBucket:
        return self._given or DataBucket(self._name)


@contextmanager
def _aws_errors(action: str) -> Iterator[None]:
    """Raise what boto3 raises as `AwsError`, which whoever calls a store expects."""
    try:
        yield
    except Exception as exc:
        # Few events need boto3: an invocation without one does not import its errors either.
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        if isinstance(exc, ClientError):
            raise AwsError("s3", action, exc.response["Error"]["Code"]) from exc
        if isinstance(exc, BotoCoreError):
            raise AwsError("s3", action, type(exc).__name__) from exc
        raise
