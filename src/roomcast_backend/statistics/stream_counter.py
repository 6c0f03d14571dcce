"""Counts the stream records of connections and rooms; a deletion by TTL counts as well.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
"""

import hashlib
from collections import Counter as Sum
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from roomcast.rooms import GLOBAL
from roomcast_backend.model.connection import is_session
from roomcast_backend.stores import counters, keys
from roomcast_backend.stores.counters import Counter

CHANGE_BY_EVENT = {"INSERT": 1, "REMOVE": -1}
"""By the record's event name; an item that was changed (`MODIFY`) is still one item."""


def changes(records: Sequence[Mapping[str, Any]]) -> dict[Counter, int]:
    """Return by how much a batch of stream records changes each counter."""
    sums: Sum[Counter] = Sum()
    for record in records:
        change = CHANGE_BY_EVENT.get(record["eventName"], 0)
        for counter in _counters(record["dynamodb"]["Keys"]):
            sums[counter] += change
    return dict(sums)


def batch_name(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the same name (30 characters) for the same batch: Lambda repeats a batch unchanged."""
    content = " ".join(record["dynamodb"]["SequenceNumber"] for record in records)
    return hashlib.sha256(content.encode()).hexdigest()[:30]


def _counters(key: Mapping[str, Any]) -> Iterator[Counter]:
    if "room" not in key:
        if not is_session(key["connection_id"]["S"]):
            yield Counter(counters.CONNECTIONS)
        return
    room = keys.room_of(key["room"]["S"])
    yield counters.members(room.kind)
    if room != GLOBAL:
        yield counters.room_members(room.kind, str(room))
