"""Builds what `webhooks` calls: the services of the webhook route."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from roomcast.bus import EventBus
from roomcast.envelope import new_id
from roomcast.publisher import Publisher
from roomcast.registry import Registry
from roomcast_backend.auth import verification_keys
from roomcast_backend.github.deliveries import Deliveries
from roomcast_backend.github.object_order import ObjectOrder
from roomcast_backend.github.webhook import Services
from roomcast_backend.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def services(context: LambdaContext) -> Services:
    """Return the services of one invocation; `context` tells how much time it has."""
    chosen = settings()
    return Services(
        secret=lambda: verification_keys.secret(chosen.github_secret_arn),
        registry=Registry(chosen.registry_table, client=_dynamodb()),
        deliveries=Deliveries(_records(), context=context),
        order=ObjectOrder(
            chosen.events_table,
            client=_dynamodb(),
            new_claim=new_id,
            remaining_seconds=lambda: context.get_remaining_time_in_millis() / 1000,
        ),
        publisher=_publisher(),
        max_bytes=chosen.max_webhook_bytes,
    )


def warm_up() -> None:
    """Build boto3's clients and make a first id of a claim, in the Init phase.

    Building the clients takes longer than all the calls of one delivery.
    """
    _dynamodb()
    _bus().connect()
    new_id()


@cache
def _records() -> DynamoDBPersistenceLayer:
    return DynamoDBPersistenceLayer(
        table_name=settings().idempotency_table, boto3_client=_dynamodb()
    )


@cache
def _dynamodb() -> "DynamoDBClient":
    """Return boto3's client for Powertools and the library's registry.

    It has few retries and short timeouts because GitHub waits 10 s for an answer.
    """
    config = Config(
        connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
    )
    return boto3.client("dynamodb", config=config)


@cache
def _publisher() -> Publisher:
    return Publisher(_bus())


@cache
def _bus() -> EventBus:
    # The stack has the bus and the function: looking for it would cost a call and a right.
    return EventBus(settings().event_bus, look=False)
