"""How large rows are, and what reading and writing them is counted as.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

import json
import math
from typing import Any

from roomcast_backend.model.access import Principal
from roomcast_backend.model.connection import JSON, Connection, Member, State
from roomcast_backend.stores.items import Attribute, Item, connection_item, member_item
from roomcast_backend.stores.rooms import WHOLE_MEMBER

USER = "0f8fad5b-d9cb-469f-a165-70867728950e"
ROOM = "project:7c9e6679-7425-40de-944b-e07fc1f90ae7#000"
CONNECTION = "L0SM9cOFvHcCIhw="
NOW = 1_795_390_000

READ_UNIT = 4096
WRITE_UNIT = 1024
TRANSACTION = 2
"""A write in a transaction counts twice."""


def item_bytes(item: Item) -> int:
    """Return an item's size as DynamoDB counts it, numbers approximately."""
    return sum(len(name) + _value_bytes(value) for name, value in item.items())


def read_units(size: int) -> int:
    """Return what a consistent read of so many bytes costs, of all items of a query together."""
    return max(1, math.ceil(size / READ_UNIT))


def write_units(size: int) -> int:
    """Return what writing, or deleting, one item costs."""
    return max(1, math.ceil(size / WRITE_UNIT))


def _value_bytes(value: Attribute) -> int:
    ((kind, content),) = value.items()
    sizes: dict[str, Any] = {
        "S": lambda: len(content.encode()),
        "N": lambda: math.ceil(len(content.strip("-").strip("0") or "0") / 2) + 1,
        "BOOL": lambda: 1,
        "SS": lambda: sum(len(text.encode()) for text in content),
        "L": lambda: 3 + sum(1 + _value_bytes(part) for part in content),
        "M": lambda: 3 + len(content) + item_bytes(content),
    }
    return int(sizes[kind]())


def _member() -> Item:
    return member_item(ROOM, Member(CONNECTION, JSON, expires_at=NOW + 3600, joined_at=NOW))


def _connection() -> Item:
    principal = Principal(USER, expires_at=NOW + 3600)
    rooms = frozenset({"global", f"user:{USER}", ROOM.partition("#")[0]})
    row = Connection(CONNECTION, JSON, State.READY, NOW, principal, token_version=1, rooms=rooms)
    return connection_item(row)


def _answer() -> str:
    """Write what a query answers for one member, a comma included."""
    asked = WHOLE_MEMBER.split(", ")
    found = {name: value for name, value in _member().items() if name in asked}
    return json.dumps(found, separators=(",", ":")) + ","


MEMBER_BYTES = item_bytes(_member())
"""A membership of a project's room."""

CONNECTION_BYTES = item_bytes(_connection())
"""A connection in three rooms."""

ANSWER_BYTES = len(_answer())
"""Of a query's answer, for each member."""


def members_read_units(count: int) -> int:
    """Return what one query for so many members costs: the projection makes it no cheaper."""
    return read_units(count * MEMBER_BYTES)
