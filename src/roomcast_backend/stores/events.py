"""How far the fan-out of each event has come: one row for each event in the events table.

begun_at, completed_at, ended_at   when it began first (seconds), was complete, did its last work
queued                             names of its parts that are in the queue
told, places, posts                see `roomcast_backend.model.fan_out`
"""

import time
from collections.abc import Callable, Collection, Sequence
from enum import Enum
from typing import Any

from roomcast.envelope import Envelope
from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.model import fan_out
from roomcast_backend.model.event_count import EventCount
from roomcast_backend.model.fan_out import FanOutRecord
from roomcast_backend.model.room_log import Placed
from roomcast_backend.settings import Settings
from roomcast_backend.stores import keys
from roomcast_backend.stores.batch_items import BatchItems
from roomcast_backend.stores.items import Item, names, number, text

SLACK_SECONDS = 2 * 3600
"""How much longer a row is kept than the event counts.

So an id without a row is not that of an event which the log still has, even where its publisher's
clock is an hour wrong.
"""

NOTHING = EventCount()


class FanOutState(Enum):
    """How far the fan-out of an event had come when the event arrived (again)."""

    NEW = "new"
    BEGUN = "begun"  # an earlier invocation did not finish it: deliver again
    COMPLETE = "complete"  # the bus delivers at least once: this is a repeat
    QUEUED = "queued"  # complete, but for work that is in the queue


class EventStore:
    """Keeps rows for `replay_hours` and a while longer; `now` is epoch seconds."""

    def __init__(
        self,
        settings: Settings,
        *,
        client: DynamoDb | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = settings.events_table
        self._keep = settings.replay_hours * 3600 + SLACK_SECONDS
        self._client = client or clients.dynamodb()
        self._batches = BatchItems(self._client, sleep=sleep)

    def begin(self, event_id: str, *, now: int, event: Envelope | None = None) -> FanOutState:
        """Note that an event's fan-out begins; tell what was noted of it before.

        `event_id` is the event's `key`; what `event` is about is kept for whoever asks later.
        """
        update = "SET begun_at = if_not_exists(begun_at, :now), #ttl = :ttl"
        values = {":now": number(now), ":ttl": number(now + self._keep)}
        if event is not None:
            update += ", told = if_not_exists(told, :told)"
            values[":told"] = text(fan_out.told(event))
        answer = self._client.update_item(
            TableName=self._table,
            Key=_delivery_key(event_id),
            UpdateExpression=update,
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues=values,
            ReturnValues="ALL_OLD",
        )
        before = answer.get("Attributes") or {}
        if "completed_at" in before:
            return FanOutState.QUEUED if "queued" in before else FanOutState.COMPLETE
        return FanOutState.BEGUN if before else FanOutState.NEW

    def complete(
        self,
        event_id: str,
        *,
        now: float,
        event: Envelope | None = None,
        places: Sequence[Placed] = (),
        posts: int = 0,
    ) -> EventCount | None:
        """Note that every member was posted to, or is part of work in the queue.

        `places` are those where `event` was delivered, `posts` how many posts were taken so far.
        Once the fan-out has ended, none of its work being in the queue, returns what the work that
        was there came to; before, returns None.
        """
        update = "SET completed_at = :now, ended_at = :now"
        values = {":now": number(int(now * 1000))}
        if event is not None:
            update += ", places = :places, posts = :posts"
            values |= {":places": text(fan_out.placed(event, places)), ":posts": number(posts)}
        row = self._update(event_id, update, values)
        return _counted(row) if _has_ended(row) else None

    def note_queued(self, event_id: str, work: str) -> None:
        """Note that a part of an event's fan-out, `work` by name, goes to the queue."""
        self._update(event_id, "ADD queued :work", {":work": names(frozenset({work}))})

    def note_done(
        self, event_id: str, work: str, *, now: float, count: EventCount = NOTHING
    ) -> EventCount | None:
        """Note that this work is done, and what it came to.

        Once the whole fan-out has ended, returns what all of its work came to: to one caller, and
        nothing to those that repeat the last work. Before, returns None.
        """
        values = {":work": names(frozenset({work})), ":now": number(int(now * 1000))}
        expression = "DELETE queued :work SET ended_at = :now"
        came_to = count.numbers()
        if came_to:
            added = (f"#{name} :{name}" for name in came_to)
            expression += f" ADD {', '.join(added)}"
            values |= {f":{name}": number(n) for name, n in came_to.items()}
        row = self._update(event_id, expression, values, came_to, returns="ALL_OLD")
        left = set(row.get("queued", {}).get("SS", ()))
        if "completed_at" not in row or left - {work}:
            return None
        return _counted(row) + count if left else NOTHING

    def find(self, event_id: str) -> FanOutRecord | None:
        """Return what is kept of an event's fan-out; None if nothing is."""
        rows = self._batches.get(self._table, [_delivery_key(event_id)])
        return _record(rows[0]) if rows else None

    def begun_at(self, event_id: str) -> int | None:
        """Return when an event's fan-out began first, epoch milliseconds; None if unknown."""
        rows = self._batches.get(self._table, [_delivery_key(event_id)])
        return int(rows[0]["begun_at"]["N"]) * 1000 if rows else None

    def under_way(self, event_ids: Collection[str], *, at: int) -> frozenset[str]:
        """Return the events whose fan-out may not have ended by `at` (epoch milliseconds).

        Raises `AwsError` when DynamoDB has not read all of them.
        """
        rows = self._batches.get(self._table, [_delivery_key(each) for each in event_ids])
        ended = {row["event_id"]["S"] for row in rows if _ended_by(row, at)}
        return frozenset(each for each in event_ids if keys.short(each) not in ended)

    def _update(
        self,
        event_id: str,
        expression: str,
        values: Item,
        named: Collection[str] = (),
        *,
        returns: str = "ALL_NEW",
    ) -> Item:
        request: dict[str, Any] = {}
        if named:
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in named}
        answer = self._client.update_item(
            TableName=self._table,
            Key=_delivery_key(event_id),
            UpdateExpression=expression,
            ExpressionAttributeValues=values,
            ReturnValues=returns,
            **request,
        )
        row: Item = answer.get("Attributes") or {}
        return row


def _counted(row: Item) -> EventCount:
    """Return what the work of a fan-out came to that was in the queue."""
    return EventCount(**{name: int(row[name]["N"]) for name in EventCount.__slots__ if name in row})


def _record(row: Item) -> FanOutRecord:
    return fan_out.record(
        int(row["begun_at"]["N"]) * 1000 if "begun_at" in row else 0,
        str(row["told"]["S"]) if "told" in row else "",
        str(row["places"]["S"]) if "places" in row else "",
        ended_at=int(row["ended_at"]["N"]) if "ended_at" in row else 0,
        complete="completed_at" in row,
        queued=len(row["queued"]["SS"]) if "queued" in row else 0,
        posts=_counted(row).sent + (int(row["posts"]["N"]) if "posts" in row else 0),
    )


def _has_ended(row: Item) -> bool:
    """Tell whether a fan-out is complete and none of its work is in the queue."""
    return "completed_at" in row and "queued" not in row


def _ended_by(row: Item, at: int) -> bool:
    """Tell whether the fan-out had ended by `at` and none of its work is in the queue."""
    return _has_ended(row) and int(row["ended_at"]["N"]) <= at


def _delivery_key(event_id: str) -> Item:
    short = keys.short(event_id)
    return {"room": text(keys.FAN_OUT + short), "event_id": text(short)}
