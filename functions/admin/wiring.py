"""Builds what `admin` calls: publisher, registry, queues of dead letters."""

import json
from functools import cache

import boto3
from botocore.config import Config

from roomcast.bus import EventBus
from roomcast.dead_letters import DeadLetters
from roomcast.envelope import new_id
from roomcast.publisher import Publisher
from roomcast.registry import Registry
from roomcast_backend.settings import settings

SOURCE = "roomcast_admin"
"""Who says so, of orders; an event has the source of its type."""

_PATIENCE = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)
"""API Gateway waits for 30 s."""


def warm_up() -> None:
    """Build the bus's client and make a first id, in the Init phase."""
    _bus().connect()
    new_id()


def publisher(tenant: str) -> Publisher:
    """Return what publishes to the rooms of a tenant, empty for none."""
    return Publisher(_bus(), tenant=tenant)


@cache
def registry() -> Registry:
    """Return the links of GitHub's names."""
    client = boto3.client("dynamodb", config=_PATIENCE)
    return Registry(settings().registry_table, client=client)


@cache
def dead_letters() -> DeadLetters:
    """Return the queues of dead letters."""
    chosen = settings()
    functions = {"access": chosen.access_function, "broadcast": chosen.broadcast_function}
    return DeadLetters(
        json.loads(chosen.dead_letters),
        sqs=boto3.client("sqs", config=_PATIENCE),
        functions=cache(lambda: boto3.client("lambda", config=_PATIENCE)),
        function_of=functions.__getitem__,
    )


@cache
def _bus() -> EventBus:
    # The stack has the bus and the function: looking for it would cost a call and a right.
    return EventBus(settings().event_bus, look=False)
