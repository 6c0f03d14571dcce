"""The bucket with the data of large events: publishers and functions write, clients read by link.

Nothing in it is public: a client gets a presigned link with the event, so who reads the data is
decided where it is decided who gets the event.
"""

from math import ceil

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_s3 import (
    BlockPublicAccess,
    Bucket,
    BucketEncryption,
    CorsRule,
    HttpMethods,
    LifecycleRule,
    ObjectOwnership,
)
from constructs import Construct

HOURS_PER_DAY = 24


def data_bucket(
    scope: Construct,
    construct_id: str,
    *,
    replay_hours: int,
    origins: list[str],
    enforce_ssl: bool,
    retain: bool,
) -> Bucket:
    """Return the bucket; its objects expire one to two days after the replay log's events.

    S3 counts whole days from the midnight after an object was written. Pages of `origins` may read
    what they have a link to. With `retain` the bucket outlives the stack: CloudFormation deletes no
    bucket that holds objects, and these expire by themselves.
    """
    return Bucket(
        scope,
        construct_id,
        encryption=BucketEncryption.S3_MANAGED,
        block_public_access=BlockPublicAccess.BLOCK_ALL,
        object_ownership=ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=enforce_ssl,
        removal_policy=RemovalPolicy.RETAIN if retain else RemovalPolicy.DESTROY,
        lifecycle_rules=[
            LifecycleRule(
                id="Expire",
                expiration=Duration.days(ceil(replay_hours / HOURS_PER_DAY) + 1),
                abort_incomplete_multipart_upload_after=Duration.days(1),
            )
        ],
        cors=[CorsRule(allowed_methods=[HttpMethods.GET], allowed_origins=origins, max_age=3600)],
    )
