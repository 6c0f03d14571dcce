"""The bucket of large data: publishers and the service write to it, clients read by link."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from roomcast.fork_local import ForkLocal
from roomcast.references import MAX_DATA_BYTES, DataLink, DataReference
from roomcast.time_limits import TimeLimits

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LINK_SECONDS: Final = 900
"""How long a link is good. It ends earlier when the credentials that signed it do.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
"""

CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 10
ATTEMPTS: Final = 3

NOT_THERE: Final = ("NoSuchKey", "AccessDenied")
"""What S3 says of an object that is not there, to who may list the bucket and to who may not."""


class DataBucket:
    """One S3 bucket; boto3's errors are passed on.

    boto3 is imported with the first object: most processes never see a large event. With `limits`
    nothing is repeated here; without them the service's own apply.
    """

    def __init__(
        self,
        name: str,
        *,
        client: "S3Client | None" = None,
        limits: TimeLimits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        self._client = ForkLocal((lambda: client) if client else lambda: _client(limits))
        self._clock = clock

    def put(self, encoded: bytes) -> DataReference:
        """Store encoded data (JSON, UTF-8) and return the reference to it."""
        reference = DataReference.of(encoded)
        self._client().put_object(
            Bucket=self._name,
            Key=reference.key,
            Body=encoded,
            ContentType="application/json",
        )
        return reference

    def get(self, reference: DataReference) -> bytes | None:
        """Return the encoded data of a reference, None when it is not there (any more).

        So is what is larger than the data of any event. To who may not list a bucket, as the
        service may not, S3 says `AccessDenied` of an object that is not there.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        client = self._client()
        try:
            answer = client.get_object(Bucket=self._name, Key=reference.key)
        except client.exceptions.ClientError as exc:
            if exc.response["Error"]["Code"] in NOT_THERE:
                return None
            raise
        is_data = answer["ContentLength"] <= MAX_DATA_BYTES
        return answer["Body"].read() if is_data else None

    def link(self, reference: DataReference) -> DataLink:
        """Return a link to data, for `LINK_SECONDS`; calls nothing."""
        expires_at = datetime.fromtimestamp(int(self._clock()) + LINK_SECONDS, UTC)
        url = self._client().generate_presigned_url(
            "get_object",
            Params={"Bucket": self._name, "Key": reference.key},
            ExpiresIn=LINK_SECONDS,
        )
        return DataLink(url, expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _client(limits: TimeLimits | None) -> "S3Client":
    from boto3.session import Session  # noqa: PLC0415  # 300 ms, for large events only
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        signature_version="s3v4",
        connect_timeout=limits.connect if limits else CONNECT_SECONDS,
        read_timeout=limits.read if limits else READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1 if limits else ATTEMPTS},
        # Virtual hosts of the Region: a link to the global name is redirected in new Regions.
        s3={"us_east_1_regional_endpoint": "regional", "addressing_style": "auto"},
    )
    return Session().client("s3", config=config)
