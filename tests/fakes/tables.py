"""The service's tables with the keys that the stack gives them: created in moto, reached, seen."""

import re
from collections.abc import Callable, Iterable
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


class Forwarding:
    """Makes the calls of a `DynamoDb` on other tables, each after `before`.

    So a class of a test changes some calls, and the others reach the same tables.
    """

    def __init__(self, tables: DynamoDb, before: Callable[[], object] = lambda: None) -> None:
        self._tables = tables
        self._before = before

    def json(self, action: str, request: Any) -> Any:
        """Make one call."""
        self._before()
        method = re.sub("(?<=[a-z])[A-Z]", r"_\g<0>", action).lower()
        return getattr(self._tables, method)(**request)


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
