"""Publishes large events by reference: their data goes to the bucket before they go to the bus."""

import logging
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from roomcast import environment
from roomcast.data_bucket import DataBucket
from roomcast.envelope import MAX_FRAME_BYTES, Envelope, encode

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger(__name__)


class LargeEvents:
    """Puts the data of events over 128 KB into the bucket; smaller events stay as they are.

    `bucket` is the bucket's name; by default `ROOMCAST_DATA_BUCKET` names it. Without a bucket an
    event travels whole, which the bus takes up to 256 KB; the service then stores its data.
    """

    def __init__(self, bucket: str | None = None, *, client: "S3Client | None" = None) -> None:
        self._name = bucket
        self._client = client

    def applies_to(self, envelope: Envelope) -> bool:
        """Tell whether an event goes by reference."""
        return bool(self._bucket_name) and envelope.size() > MAX_FRAME_BYTES

    def store(self, envelope: Envelope) -> Envelope | None:
        """Store the data; return the event with its reference, None (logged) when S3 refuses."""
        try:
            reference = self._bucket.put(encode(envelope.data).encode())
        except (BotoCoreError, ClientError, OSError) as exc:
            logger.error(
                "%s %s was not accepted: its data could not be stored in the bucket %s: %s; "
                "a publisher needs s3:PutObject on it",
                envelope.type,
                envelope.id,
                self._bucket_name,
                exc,
            )
            return None
        return envelope.by_reference(reference)

    @property
    def _bucket_name(self) -> str:
        return self._name or environment.data_bucket()

    @cached_property
    def _bucket(self) -> DataBucket:
        return DataBucket(self._bucket_name, client=self._client)
