"""DynamoDB's capacity units of recorded calls, from the sizes of the items that they touch.

A write counts the larger of an item before and after it, a query all that it has read, in a
transaction everything twice.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from simulation import sizes
from tests.fakes.tables import KEYS

Key = tuple[str, ...]
"""A table's name and the values of its keys."""

SizeOf = Callable[[Key], int]
"""Returns the size of an item in bytes; 0 when there was none before or after the action."""

EVENTUALLY = 0.5
"""Of what the same read costs when it is consistent."""


def key_of(table: str, item: dict[str, Any]) -> Key:
    """Return the key of an item, or of anything that has an item's key attributes."""
    return (table, *(str(item[name]["S"]) for name in KEYS[table]))


def read_units(action: str, request: dict[str, Any], answer: Any, size_of: SizeOf) -> float:
    """Return the read units of one call; 0 for what does not read."""
    if action == "GetItem":
        size = size_of(key_of(request["TableName"], request["Key"]))
        return _share(request) * sizes.read_units(size)
    if action == "Query":
        size = sum(size_of(key) for key in _found(request, answer))
        return _share(request) * sizes.read_units(size)
    if action == "BatchGetItem":
        return sum(
            _share(asked) * sizes.read_units(size_of(key_of(table, key)))
            for table, asked in request["RequestItems"].items()
            for key in asked["Keys"]
        )
    return 0.0


def write_units(action: str, request: dict[str, Any], size_of: SizeOf) -> int:
    """Return the write units of one call; 0 for what does not write."""
    times = sizes.TRANSACTION if action == "TransactWriteItems" else 1
    return sum(times * sizes.write_units(size_of(key)) for key in _written(action, request))


def _share(request: dict[str, Any]) -> float:
    return 1.0 if request.get("ConsistentRead") else EVENTUALLY


def _found(request: dict[str, Any], answer: Any) -> Iterator[Key]:
    """Yield the keys of a query's items; their partition's is in the question alone."""
    table = request["TableName"]
    partition = KEYS[table][0]
    values = request["ExpressionAttributeValues"]
    for item in (answer or {}).get("Items", ()):
        asked = {partition: values[f":{partition}"]} if partition not in item else {}
        yield key_of(table, {**asked, **item})


def _written(action: str, request: dict[str, Any]) -> Iterable[Key]:
    match action:
        case "PutItem":
            return [key_of(request["TableName"], request["Item"])]
        case "UpdateItem" | "DeleteItem":
            return [key_of(request["TableName"], request["Key"])]
        case "BatchWriteItem":
            return [
                key_of(
                    table, write.get("DeleteRequest", {}).get("Key") or write["PutRequest"]["Item"]
                )
                for table, writes in request["RequestItems"].items()
                for write in writes
            ]
        case "TransactWriteItems":
            parts = [part for item in request["TransactItems"] for part in item.values()]
            return [key_of(part["TableName"], part.get("Key") or part["Item"]) for part in parts]
        case _:
            return []
