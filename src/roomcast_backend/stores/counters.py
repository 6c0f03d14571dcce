"""The counters table, which the statistics add up."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.settings import Settings
from roomcast_backend.stores import keys, transactions
from roomcast_backend.stores.items import Item, number, text

CONNECTIONS = "connections"
EVENTS = "events"
SERVICE = "service"
STARTED = "started"
TOTAL = "total"

CHUNK = 90
"""Counters in one transaction, of the 100 that fit."""

IDLE_SECONDS = 2 * 24 * 60 * 60
"""A single room's counter is dropped when nobody joined or left for longer than this."""


class Counter(NamedTuple):
    """One number: a name and the part of it that is counted, `total` or a single room."""

    name: str
    part: str = TOTAL


def members(kind: str) -> Counter:
    """Return the counter of all memberships in rooms of a kind."""
    return Counter(f"members:{kind}")


def room_members(kind: str, room: str) -> Counter:
    """Return the counter of one room's members."""
    return Counter(f"rooms:{kind}", room)


class CounterStore:
    """Adds to counters and sums them; `now` is epoch seconds."""

    def __init__(self, settings: Settings, *, client: DynamoDb | None = None) -> None:
        self._table = settings.counters_table
        self._client = client or clients.dynamodb()

    def add(self, changes: Mapping[Counter, int], *, spread_by: str, batch: str, now: int) -> None:
        """Add to several counters; `batch` names the change, so that a repeat counts once."""
        wanted = sorted(counter for counter, change in changes.items() if change)
        for start in range(0, len(wanted), CHUNK):
            actions = [
                {"Update": self._addition(counter, changes[counter], spread_by, now)}
                for counter in wanted[start : start + CHUNK]
            ]
            transactions.write(self._client, actions, token=f"{batch}-{start}")

    def count_event(self, event_id: str, *, now: int) -> None:
        """Count one emitted event."""
        self._client.update_item(**self._addition(Counter(EVENTS), 1, event_id, now))

    def total(self, counter: Counter) -> int:
        """Return a counter, the sum of its shards; never below zero."""
        return self.parts(counter.name).get(counter.part, 0)

    def parts(self, name: str) -> dict[str, int]:
        """Return all parts of a counter, each summed over the shards."""
        sums: dict[str, int] = {}
        for shard in range(keys.COUNTER_SHARDS):
            pages = self._client.query_pages(
                TableName=self._table,
                KeyConditionExpression="#counter = :counter",
                ExpressionAttributeNames={"#counter": "counter"},
                ExpressionAttributeValues={":counter": text(keys.counter(name, shard))},
            )
            for item in (item for page in pages for item in page["Items"]):
                part = item["part"]["S"]
                sums[part] = sums.get(part, 0) + int(item["n"]["N"])
        return {part: n for part, n in sums.items() if n > 0}

    def started_at(self, *, now: int) -> int:
        """Return when the service was first asked this, epoch seconds: the start of its uptime."""
        key: Item = {"counter": text(keys.counter(SERVICE, 0)), "part": text(STARTED)}
        answer = self._client.update_item(
            TableName=self._table,
            Key=key,
            UpdateExpression="SET n = if_not_exists(n, :now)",
            ExpressionAttributeValues={":now": number(now)},
            ReturnValues="ALL_NEW",
        )
        return int(answer["Attributes"]["n"]["N"])

    def _addition(self, counter: Counter, change: int, spread_by: str, now: int) -> Any:
        shard = keys.counter_shard(spread_by)
        update = "ADD n :change"
        addition: dict[str, Any] = {
            "TableName": self._table,
            "Key": {
                "counter": text(keys.counter(counter.name, shard)),
                "part": text(counter.part),
            },
            "UpdateExpression": update,
            "ExpressionAttributeValues": {":change": number(change)},
        }
        if counter.part != TOTAL:
            addition["UpdateExpression"] = f"{update} SET #ttl = :ttl"
            addition["ExpressionAttributeNames"] = {"#ttl": "ttl"}
            addition["ExpressionAttributeValues"][":ttl"] = number(now + IDLE_SECONDS)
        return addition
