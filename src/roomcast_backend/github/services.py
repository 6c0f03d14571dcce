"""Puts the webhook route together from this container's settings."""

from functools import cache

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from aws_lambda_powertools.utilities.typing import LambdaContext

from roomcast.bus import EventBus
from roomcast.publisher import Publisher
from roomcast.registry import Registry
from roomcast_backend import clients, keyring
from roomcast_backend.github.deliveries import Deliveries
from roomcast_backend.github.webhook import Services
from roomcast_backend.settings import settings


def services(context: LambdaContext) -> Services:
    """Return what one invocation works with; the context tells how long it may take."""
    chosen = settings()
    return Services(
        secret=lambda: keyring.secret(chosen.github_secret_arn),
        registry=Registry(chosen.registry_table, client=clients.dynamodb()),
        deliveries=Deliveries(_records(), context=context),
        publisher=_publisher(),
        max_bytes=chosen.max_webhook_bytes,
    )


@cache
def _records() -> DynamoDBPersistenceLayer:
    return DynamoDBPersistenceLayer(
        table_name=settings().idempotency_table, boto3_client=clients.dynamodb()
    )


@cache
def _publisher() -> Publisher:
    return Publisher(EventBus(settings().event_bus))
