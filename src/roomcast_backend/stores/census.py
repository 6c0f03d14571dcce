"""Counts the rows of connections and rooms, for the sweep that corrects the counters.

It reads whole tables, which nothing that a client waits for may do. A scan does not see one moment:
rows that come or go meanwhile may be counted or not.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html
"""

from collections import Counter as Sum
from collections.abc import Iterator
from typing import Any

from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.settings import Settings
from roomcast_backend.stores.counters import Counter, counters_of
from roomcast_backend.stores.items import Item


class Census:
    """Counts what the counters should say."""

    def __init__(self, settings: Settings, *, client: DynamoDb | None = None) -> None:
        self._tables = {
            settings.connections_table: "connection_id",
            settings.rooms_table: "room, connection_id",
        }
        self._client = client or clients.dynamodb()

    def count(self) -> dict[Counter, int]:
        """Return every counter that has a row, with the number of its rows."""
        sums: Sum[Counter] = Sum()
        for table, keys in self._tables.items():
            for key in self._keys(table, keys):
                sums.update(counters_of(key))
        return dict(sums)

    def _keys(self, table: str, keys: str) -> Iterator[Item]:
        """Yield the key of each row; reading costs half a unit for each 4 KB of whole rows."""
        request: dict[str, Any] = {"TableName": table, "ProjectionExpression": keys}
        for page in self._client.scan_pages(**request):
            yield from page["Items"]
