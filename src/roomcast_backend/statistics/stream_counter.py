"""Reads the stream records of connections and rooms; a deletion by TTL counts as well.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
"""

import hashlib
from collections import Counter as Sum
from collections.abc import Mapping, Sequence
from typing import Any

from roomcast_backend.stores.counters import Counter, counters_of
from roomcast_backend.stores.keys import room_of

USER = "user"
"""The kind of the rooms that hold the connections of one user."""

CHANGE_BY_EVENT = {"INSERT": 1, "REMOVE": -1}
"""By the record's event name; an item that was changed (`MODIFY`) is still one item."""


def changes(records: Sequence[Mapping[str, Any]]) -> dict[Counter, int]:
    """Return by how much a batch of stream records changes each counter."""
    sums: Sum[Counter] = Sum()
    for record in records:
        change = CHANGE_BY_EVENT.get(record["eventName"], 0)
        for counter in counters_of(record["dynamodb"]["Keys"]):
            sums[counter] += change
    return dict(sums)


def users_rooms_joined(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the rooms `user:<id>` in which a batch has new members, each room once."""
    rooms = (
        room_of(record["dynamodb"]["Keys"]["room"]["S"])
        for record in records
        if record["eventName"] == "INSERT" and "room" in record["dynamodb"]["Keys"]
    )
    return list(dict.fromkeys(str(room) for room in rooms if room.kind == USER))


def batch_name(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the same name (30 characters) for the same batch: Lambda repeats a batch unchanged."""
    content = " ".join(record["dynamodb"]["SequenceNumber"] for record in records)
    return hashlib.sha256(content.encode()).hexdigest()[:30]


def time_of(records: Sequence[Mapping[str, Any]]) -> int:
    """Return when the last change of a batch was made, epoch seconds; 0 when no record tells.

    The same for every repetition of the batch, which a clock would not be.
    """
    times = [record["dynamodb"].get("ApproximateCreationDateTime", 0) for record in records]
    return int(max(times, default=0))
