"""Puts the webhook route together from this container's settings."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from roomcast.bus import EventBus
from roomcast.publisher import Publisher
from roomcast.registry import Registry
from roomcast_backend.auth import verification_keys
from roomcast_backend.github.deliveries import Deliveries
from roomcast_backend.github.webhook import Services
from roomcast_backend.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def services(context: LambdaContext) -> Services:
    """Return what one invocation works with; the context tells how long it may take."""
    chosen = settings()
    return Services(
        secret=lambda: verification_keys.secret(chosen.github_secret_arn),
        registry=Registry(chosen.registry_table, client=_dynamodb()),
        deliveries=Deliveries(_records(), context=context),
        publisher=_publisher(),
        max_bytes=chosen.max_webhook_bytes,
    )


def clients() -> None:
    """Make boto3's clients, which takes longer than all that one delivery needs of them."""
    _dynamodb()
    _bus().connect()


@cache
def _records() -> DynamoDBPersistenceLayer:
    return DynamoDBPersistenceLayer(
        table_name=settings().idempotency_table, boto3_client=_dynamodb()
    )


@cache
def _dynamodb() -> "DynamoDBClient":
    """Return boto3's client, which Powertools and the library's registry take.

    Its own retries are few and its timeouts short: GitHub waits 10 s for an answer.
    """
    patient = Config(
        connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
    )
    return boto3.client("dynamodb", config=patient)


@cache
def _publisher() -> Publisher:
    return Publisher(_bus())


@cache
def _bus() -> EventBus:
    return EventBus(settings().event_bus)
