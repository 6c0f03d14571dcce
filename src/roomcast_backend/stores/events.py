"""The events table: the replay log of each room, and how far the fan-out of each event has come."""

import json
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import islice

from roomcast.envelope import Envelope, encode
from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.settings import Settings
from roomcast_backend.stores.batch_items import BatchItems
from roomcast_backend.stores.connections import unless_refused
from roomcast_backend.stores.items import Item, names, number, text
from roomcast_backend.stores.keys import FAN_OUT

LAST_ID = "~"
"""A string that sorts after every id."""


class FanOutState(Enum):
    """How far the fan-out of an event had come when the event arrived (again)."""

    NEW = "new"
    BEGUN = "begun"  # an earlier invocation did not finish it: deliver again
    COMPLETE = "complete"  # the bus delivers at least once: this is a repeat


@dataclass(frozen=True, slots=True)
class Logged:
    """An event of the log; `logged_at` in epoch milliseconds."""

    envelope: Envelope
    logged_at: int


class EventStore:
    """Keeps events for `replay_hours`; `now` is epoch seconds."""

    def __init__(
        self,
        settings: Settings,
        *,
        client: DynamoDb | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = settings.events_table
        self._keep = settings.replay_hours * 3600
        self._client = client or clients.dynamodb()
        self._batches = BatchItems(self._client, sleep=sleep)

    def begin(self, event_id: str, *, now: int) -> FanOutState:
        """Note that an event's fan-out begins; tell what was noted of it before."""
        answer = self._client.update_item(
            TableName=self._table,
            Key=_delivery_key(event_id),
            UpdateExpression="SET begun_at = if_not_exists(begun_at, :now), #ttl = :ttl",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":now": number(now), ":ttl": number(now + self._keep)},
            ReturnValues="ALL_OLD",
        )
        before = answer.get("Attributes") or {}
        if "completed_at" in before:
            return FanOutState.COMPLETE
        return FanOutState.BEGUN if before else FanOutState.NEW

    def complete(self, event_id: str, *, now: float) -> None:
        """Note that every member was posted to, or is part of work in the queue."""
        moment = number(int(now * 1000))
        self._update(event_id, "SET completed_at = :now, ended_at = :now", {":now": moment})

    def note_queued(self, event_id: str, work: str) -> None:
        """Note that a part of an event's fan-out, `work` by name, is in the queue."""
        self._update(event_id, "ADD queued :work", {":work": names(frozenset({work}))})

    def note_done(self, event_id: str, work: str, *, now: float) -> None:
        """Note that this work is done; noting it again changes nothing but the time."""
        values = {":work": names(frozenset({work})), ":now": number(int(now * 1000))}
        self._update(event_id, "DELETE queued :work SET ended_at = :now", values)

    def under_way(self, event_ids: Collection[str], *, at: int) -> frozenset[str]:
        """Return the events whose fan-out may not have ended by `at` (epoch milliseconds).

        Raises `AwsError` when DynamoDB has not read all of them.
        """
        keys = [_delivery_key(event_id) for event_id in event_ids]
        rows = self._batches.get(self._table, keys)
        return frozenset(event_ids) - {row["event_id"]["S"] for row in rows if _ended_by(row, at)}

    def log(self, envelope: Envelope, *, now: float) -> None:
        """Write an event to the log of each of its rooms, side by side.

        What is in a log already stays as it is: a later `logged_at` would say that the event came
        after others which it came before, and a client that asks for those would not get them.
        """
        detail = encode(envelope.to_detail())
        if len(envelope.rooms) == 1:
            self._put(envelope.rooms[0], envelope.id, detail, now)
            return
        writes = [
            _writers().submit(self._put, room, envelope.id, detail, now) for room in envelope.rooms
        ]
        for write in writes:
            write.result()

    def after(self, room: str, event_id: str, *, limit: int) -> list[Logged]:
        """Return up to `limit` events of a room with larger ids, in their order."""
        return list(islice(self._log(room, event_id, LAST_ID), limit))

    def between(self, room: str, lowest: str, highest: str) -> list[Logged]:
        """Return all events of a room with ids above `lowest`, up to `highest`, in their order."""
        return list(self._log(room, lowest, highest))

    def _update(self, event_id: str, expression: str, values: Item) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=_delivery_key(event_id),
            UpdateExpression=expression,
            ExpressionAttributeValues=values,
        )

    def _put(self, room: str, event_id: str, detail: str, now: float) -> None:
        with unless_refused():
            self._client.put_item(
                TableName=self._table,
                Item={
                    "room": text(room),
                    "event_id": text(event_id),
                    "detail": text(detail),
                    "logged_at": number(int(now * 1000)),
                    "ttl": number(int(now) + self._keep),
                },
                ConditionExpression="attribute_not_exists(event_id)",
            )

    def _log(self, room: str, lowest: str, highest: str) -> Iterator[Logged]:
        pages = self._client.query_pages(
            TableName=self._table,
            KeyConditionExpression="room = :room AND event_id BETWEEN :lowest AND :highest",
            ExpressionAttributeValues={
                ":room": text(room),
                ":lowest": text(lowest),
                ":highest": text(highest),
            },
            ConsistentRead=True,
        )
        logged = (_logged(item) for page in pages for item in page["Items"])
        return (item for item in logged if item.envelope.id != lowest)


@cache
def _writers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8, thread_name_prefix="log")


def _logged(item: Item) -> Logged:
    envelope = Envelope.from_detail(json.loads(item["detail"]["S"]))
    return Logged(envelope, int(item["logged_at"]["N"]))


def _ended_by(row: Item, at: int) -> bool:
    """Tell whether the fan-out had ended by `at` and none of its work is in the queue."""
    return "completed_at" in row and "queued" not in row and int(row["ended_at"]["N"]) <= at


def _delivery_key(event_id: str) -> Item:
    return {"room": text(FAN_OUT + event_id), "event_id": text(event_id)}
