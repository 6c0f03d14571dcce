"""AWS clients, built once per warm container.

botocore's own retries are few and its timeouts short: a function waits for a store no longer than
a client would wait for it.
"""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

POSTS_AT_ONCE = 50

_PATIENT = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)
_ONCE = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 1},
    max_pool_connections=POSTS_AT_ONCE,
)


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the client for the tables."""
    return boto3.client("dynamodb", config=_PATIENT)


@cache
def sqs() -> "SQSClient":
    """Return the client for the queues."""
    return boto3.client("sqs", config=_PATIENT)


@cache
def functions() -> "LambdaClient":
    """Return the client that invokes other functions."""
    return boto3.client("lambda", config=_PATIENT)


@cache
def connections_api(callback_url: str) -> "ApiGatewayManagementApiClient":
    """Return the client that posts to connections; a failed post is the caller's to repeat."""
    return boto3.client("apigatewaymanagementapi", endpoint_url=callback_url, config=_ONCE)
