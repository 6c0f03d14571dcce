"""DynamoDB's and SQS's stand-ins: rooms in memory, answers as bytes that have to be parsed.

Each call takes a time that is known, so that the simulation can be told the same.
"""

import json
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.traffic import connection_ids
from roomcast_backend.model.connection import JSON, LONGEST_CONNECTION, Member
from roomcast_backend.stores import keys
from roomcast_backend.stores.items import member_item
from roomcast_backend.stores.rooms import WHOLE_MEMBER

ASKED = WHOLE_MEMBER.split(", ")


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that calls take."""

    query: float
    write: float
    send: float


class Tables:
    """The tables: one room has members, everything that is written is forgotten."""

    def __init__(self, room: str, members: int, shards: int, times: Times) -> None:
        self._times = times
        self._ids: dict[str, list[str]] = {}
        self._rows: dict[str, list[bytes]] = {}
        for connection_id in sorted(connection_ids(members)):
            partition = keys.partition(room, keys.shard_of(room, connection_id, shards))
            self._ids.setdefault(partition, []).append(connection_id)
            self._rows.setdefault(partition, []).append(_row(partition, connection_id))

    def query(self, **request: Any) -> dict[str, Any]:
        """Answer a page as DynamoDB does: with a key to go on from when it is full."""
        time.sleep(self._times.query)
        partition = request["ExpressionAttributeValues"][":room"]["S"]
        ids, rows = self._ids.get(partition, []), self._rows.get(partition, [])
        after = request.get("ExclusiveStartKey")
        start = bisect_right(ids, after["connection_id"]["S"]) if after else 0
        end = start + request["Limit"]
        found = rows[start:end]
        rest = b""
        if len(found) == request["Limit"]:
            last = {"room": {"S": partition}, "connection_id": {"S": ids[end - 1]}}
            rest = b',"LastEvaluatedKey":' + json.dumps(last).encode()
        answer: dict[str, Any] = json.loads(b'{"Items":[' + b",".join(found) + b"]" + rest + b"}")
        return answer

    def _write(self, **_request: Any) -> dict[str, Any]:
        time.sleep(self._times.write)
        return {}

    update_item = put_item = _write


class Queue:
    """The queue of pages; `put` gets each message."""

    def __init__(self, put: Callable[[str], None], times: Times) -> None:
        self._put = put
        self._times = times

    def send_message(self, **request: Any) -> dict[str, Any]:
        """Take a message. Nothing here is refused, so that nothing is to come later."""
        if request["DelaySeconds"]:
            raise RuntimeError("a post was not answered: the run measures nothing")
        self._put(request["MessageBody"])
        time.sleep(self._times.send)
        return {}


def shard_sizes(room: str, members: int, shards: int) -> Sequence[int]:
    """Return how many members each shard has."""
    counts = [0] * len(keys.shards_of(room, shards))
    for connection_id in connection_ids(members):
        counts[keys.shard_of(room, connection_id, shards)] += 1
    return counts


def _row(partition: str, connection_id: str) -> bytes:
    now = int(time.time())
    member = Member(connection_id, JSON, now + LONGEST_CONNECTION, now - 60)
    item = member_item(partition, member)
    return json.dumps({name: item[name] for name in ASKED}).encode()
