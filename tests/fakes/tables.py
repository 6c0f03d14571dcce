"""Creates the service's tables in moto, with the keys that the stack gives them."""

from collections.abc import Iterable
from typing import Any

from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.settings import Settings

KEYS = {
    "connections": ("connection_id",),
    "rooms": ("room", "connection_id"),
    "events": ("room", "event_id"),
    "registry": ("entry",),
    "idempotency": ("id",),
    "counters": ("counter", "part"),
    "polling": ("connection_id", "part"),
}


class SeenTables(DynamoDb):
    """The tables as the stores reach them, and what is in them."""

    def __init__(self, client: Any) -> None:
        super().__init__()
        self._client = client

    def scan(self, **request: Any) -> Any:
        return self._client.scan(**request)


def table_settings(**changes: Any) -> Settings:
    """Return settings that name all tables, with `changes`."""
    names: dict[str, Any] = {f"{name}_table": name for name in KEYS}
    return Settings(**{**names, **changes})


def create_tables(client: Any, names: Iterable[str] = KEYS) -> None:
    """Create the service's tables, or those of them that are named."""
    for name in names:
        keys = KEYS[name]
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
        )
