"""Events and their posts, added up by event type in the counters table.

counters      counter = "events#<shard>", part = "type:<type>"   one row for each type
              counter = "events#<shard>", part = "rest"          own types beyond `MOST_OWN_TYPES`
              counter = "events#<shard>", part = "total"         events of versions without types
              counter = "event_types#0", part = "own"            the own types that have rows

of a tenant with "<tenant>!events" and "<tenant>!event_types". Counting an event is one call. A type
that is not of this library takes up to two more: when its first event comes to a shard, and where a
container learns that it has no row of its own.
"""

from collections import defaultdict
from typing import Any, Final

from roomcast.envelope import Envelope
from roomcast.event_names import OF_LIBRARY
from roomcast.tenants import stored_name
from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.model.event_count import EventCount
from roomcast_backend.settings import Settings
from roomcast_backend.stores import counters, keys
from roomcast_backend.stores.items import Item, names, number, text

MOST_OWN_TYPES: Final = 50
"""Types of one's own that are counted by themselves, of each tenant: the first ones that came."""

REST: Final = ""
"""The name under which all others are added up: no event type has it."""

TYPES = "event_types"
OWN = "own"
PREFIX = "type:"
REST_PART = "rest"
ATTRIBUTES: Final = {name: "n" if name == "events" else name for name in EventCount.__slots__}
"""The attribute of a row for each number."""


class EventCounts:
    """Adds to the counts of events, and reads them."""

    def __init__(self, settings: Settings, *, client: DynamoDb | None = None) -> None:
        self._table = settings.counters_table
        self._client = client or clients.dynamodb()
        self._without_row: set[tuple[str, str]] = set()

    def add(self, event: Envelope, count: EventCount) -> None:
        """Add what an event came to; that of a tenant for the tenant, too."""
        self._add(counters.EVENTS, TYPES, event, count)
        if event.tenant:
            name, types = (stored_name(event.tenant, each) for each in (counters.EVENTS, TYPES))
            self._add(name, types, event, count)

    def read(self, tenant: str = "") -> dict[str, EventCount]:
        """Return the counts by event type, of all events or of a tenant's; `REST` for others."""
        found: dict[str, EventCount] = defaultdict(EventCount)
        for shard in range(keys.COUNTER_SHARDS):
            counter = keys.counter(stored_name(tenant, counters.EVENTS), shard)
            pages = self._client.query_pages(
                TableName=self._table,
                KeyConditionExpression="#counter = :counter",
                ExpressionAttributeNames={"#counter": "counter"},
                ExpressionAttributeValues={":counter": text(counter)},
            )
            for item in (item for page in pages for item in page["Items"]):
                found[_type_of(item)] += _count(item)
        return dict(found)

    def _add(self, counter: str, types: str, event: Envelope, count: EventCount) -> None:
        name, key = event.type, keys.counter(counter, keys.counter_shard(event.id))
        if name in OF_LIBRARY:
            self._update(key, PREFIX + name, count)
        elif (types, name) in self._without_row:
            self._update(key, REST_PART, count)
        elif not self._update(key, PREFIX + name, count, only_known=True):
            self._update(key, self._new_part(types, name), count)

    def _new_part(self, types: str, name: str) -> str:
        """Return the part of an own type that has no row in a shard: its own, or the rest."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": {"counter": text(keys.counter(types, 0)), "part": text(OWN)},
            "UpdateExpression": "ADD #types :types",
            "ConditionExpression": "attribute_not_exists(#types) OR contains(#types, :type)"
            " OR size(#types) < :most",
            "ExpressionAttributeNames": {"#types": "types"},
            "ExpressionAttributeValues": {
                ":types": names(frozenset({name})),
                ":type": text(name),
                ":most": number(MOST_OWN_TYPES),
            },
        }
        if self._write(request):
            return PREFIX + name
        if len(self._without_row) >= MOST_OWN_TYPES * 20:
            self._without_row.clear()
        self._without_row.add((types, name))
        return REST_PART

    def _update(self, key: str, part: str, count: EventCount, *, only_known: bool = False) -> bool:
        """Add to a row; with `only_known` False where there is none."""
        added = {ATTRIBUTES[name]: n for name, n in count.numbers().items()}
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": {"counter": text(key), "part": text(part)},
            "UpdateExpression": "ADD " + ", ".join(f"#{name} :{name}" for name in added),
            "ExpressionAttributeNames": {f"#{name}": name for name in added},
            "ExpressionAttributeValues": {f":{name}": number(n) for name, n in added.items()},
        }
        if only_known:
            request["ExpressionAttributeNames"]["#part"] = "part"
            request["ConditionExpression"] = "attribute_exists(#part)"
        return self._write(request)

    def _write(self, request: dict[str, Any]) -> bool:
        """Update a row; return False where the condition is not met."""
        try:
            self._client.update_item(**request)
        except AwsError as exc:
            if exc.code != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _type_of(item: Item) -> str:
    part = str(item["part"]["S"])
    return part.removeprefix(PREFIX) if part.startswith(PREFIX) else REST


def _count(item: Item) -> EventCount:
    found = {name: int(item.get(stored, {}).get("N", 0)) for name, stored in ATTRIBUTES.items()}
    return EventCount(**found)
