"""The counters table, which the statistics add up."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from roomcast.rooms import GLOBAL
from roomcast.tenants import stored_name
from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.model.connection import is_session
from roomcast_backend.model.polling import is_polling
from roomcast_backend.settings import Settings
from roomcast_backend.stores import keys, transactions
from roomcast_backend.stores.items import Item, number, text

CONNECTIONS = "connections"
POLLING = "polling"
EVENTS = "events"
SERVICE = "service"
STARTED = "started"
RECONCILED = "reconciled"
TENANTS = "tenants"
TOTAL = "total"

CHUNK = 90
"""Counters in one transaction, of the 100 that fit."""

IDLE_SECONDS = 2 * 24 * 60 * 60
"""A single room's counter is dropped when nobody joined or left for longer than this."""


class Counter(NamedTuple):
    """One number: a name and the part of it that is counted, `total` or a single room."""

    name: str
    part: str = TOTAL


def members(kind: str, tenant: str = "") -> Counter:
    """Return the counter of all memberships in a tenant's rooms of a kind."""
    return Counter(stored_name(tenant, f"members:{kind}"))


def room_members(kind: str, room: str, tenant: str = "") -> Counter:
    """Return the counter of the members of one room of a tenant, given by its public name."""
    return Counter(stored_name(tenant, f"rooms:{kind}"), room)


def tenants_members(tenant: str) -> Counter:
    """Return the counter of the members of a tenant's `global`: one part for each tenant."""
    return Counter(TENANTS, stored_name(tenant, GLOBAL.name))


def counters_of(key: Mapping[str, Any]) -> Iterator[Counter]:
    """Yield the counters that count the row with this key, of connections or of rooms."""
    if "room" not in key:
        connection_id = key["connection_id"]["S"]
        if not is_session(connection_id):
            yield Counter(CONNECTIONS)
            if is_polling(connection_id):
                yield Counter(POLLING)
        return
    room = keys.room_of(key["room"]["S"])
    if room.kind != GLOBAL.kind:
        yield members(room.kind, room.tenant)
        yield room_members(room.kind, room.name, room.tenant)
    else:
        yield tenants_members(room.tenant) if room.tenant else members(room.kind)


class CounterStore:
    """Adds to counters and sums them; times are epoch seconds."""

    def __init__(self, settings: Settings, *, client: DynamoDb | None = None) -> None:
        self._table = settings.counters_table
        self._client = client or clients.dynamodb()

    def add(self, changes: Mapping[Counter, int], *, batch: str, at: int) -> None:
        """Add to several counters; `batch` names the change, so that a repeat counts once.

        A change is written in transactions of `CHUNK` counters. When it is repeated, whole or after
        a failure half way, each transaction has the same token and the same parameters as before,
        and DynamoDB counts it once: within 10 minutes. So `at`, from which the counters of single
        rooms get their TTL, has to be the time of the change and not of its repetition.
        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
        """
        wanted = sorted(counter for counter, change in changes.items() if change)
        for start in range(0, len(wanted), CHUNK):
            actions = [
                {"Update": self._addition(counter, changes[counter], batch, at)}
                for counter in wanted[start : start + CHUNK]
            ]
            transactions.write(self._client, actions, token=_token(batch, start))

    def total(self, counter: Counter) -> int:
        """Return a counter, the sum of its shards; never below zero."""
        return self.parts(counter.name).get(counter.part, 0)

    def parts(self, name: str) -> dict[str, int]:
        """Return all parts of a counter, each summed over the shards; those above zero."""
        return {part: n for part, n in self.sums(name).items() if n > 0}

    def sums(self, name: str) -> dict[str, int]:
        """Return all parts of a counter, each summed over the shards, below zero too."""
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
        return sums

    def claim_reconciliation(self, *, now: int, every: int) -> bool:
        """Note that the counters are corrected now; False when that was less than `every` ago.

        Two sweeps at a time would both add the same difference.
        """
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"counter": text(keys.counter(SERVICE, 0)), "part": text(RECONCILED)},
                UpdateExpression="SET n = :now",
                ConditionExpression="attribute_not_exists(n) OR n <= :before",
                ExpressionAttributeValues={":now": number(now), ":before": number(now - every)},
            )
        except AwsError as exc:
            if exc.code != "ConditionalCheckFailedException":
                raise
            return False
        return True

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
        if counter.part != TOTAL and now:
            addition["UpdateExpression"] = f"{update} SET #ttl = :ttl"
            addition["ExpressionAttributeNames"] = {"#ttl": "ttl"}
            addition["ExpressionAttributeValues"][":ttl"] = number(now + IDLE_SECONDS)
        return addition


def _token(batch: str, start: int) -> str:
    """Return the token of one transaction of a batch: at most 36 characters."""
    return hashlib.sha256(f"{batch} {start}".encode()).hexdigest()[:36]
