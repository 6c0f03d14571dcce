"""The log of each room in the events table: gives positions, writes entries and reads them.

One event, and a crash between any two steps:

place   position 7, marked                     crash: the repeat finds the mark, and takes 7 again
put     entry 7: the event, what was pending   crash: the same; entry 7 stays as it is
post    …                                      crash: the same; members get the event again
release the mark goes                          crash: the repeat of a complete event releases it

A position without an entry is settled by whoever reads it: they wait a moment for the entry, then
write an empty one. Its event finds that its position is taken, has been posted to nobody yet, and
gets another one.
"""

import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import Any

from roomcast.envelope import Envelope, encode
from roomcast.rooms import Room
from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.model.room_log import Entry, LogHead, Placed
from roomcast_backend.settings import Settings
from roomcast_backend.stores import keys, log_head
from roomcast_backend.stores.batch_items import BatchItems
from roomcast_backend.stores.connections import CONDITION_FAILED, unless_refused
from roomcast_backend.stores.items import Item, number, text
from roomcast_backend.stores.log_head import HeadRow

SLACK_SECONDS = 3600
"""How much longer entries are kept than they count: none of them is deleted while it does."""

PAGES = (20, 80, 200)
"""Entries of the first reads of a log: a client has mostly missed a few."""

WAITS = (0.05, 0.1, 0.2)
"""Seconds to wait for an entry: between a position and its entry lies one call."""

MAX_PLACES = 20
"""How often an event asks for a position: each refusal tells of another one's success."""


class RoomLog:
    """Keeps entries for `replay_hours`; `now` is epoch seconds."""

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
        self._sleep = sleep

    # What a fan-out writes.

    def place(
        self, envelope: Envelope, *, now: float, fenced: Sequence[Placed] = ()
    ) -> list[Placed]:
        """Give an event a position in each of its rooms, side by side; the same one to a repeat.

        `fenced` are positions of the event that others have taken: it gets new ones.
        """
        taken = {placed.room: placed for placed in fenced}

        def place(room: str) -> Placed:
            return self._place(room, envelope, now, taken.get(room))

        return _side_by_side(place, envelope.rooms)

    def put(self, envelope: Envelope, places: Sequence[Placed], *, now: float) -> list[Entry]:
        """Write an event's entries, side by side; return what is at each of its places then.

        An entry that is there already stays as it is: one of the event, or of whoever has taken
        its place.
        """
        item = {"detail": text(encode(envelope.to_detail()))}

        def put(placed: Placed) -> Entry:
            order = number(placed.order)
            written = item if placed.order == placed.position else {**item, "order": order}
            return self._put(placed.room, placed.position, written, placed.pending, now)

        return _side_by_side(put, places)

    def skip(self, places: Sequence[Placed], *, now: float) -> None:
        """Write empty entries, unless something is there already."""
        _side_by_side(lambda placed: self._put(placed.room, placed.position, {}, (), now), places)

    def release(
        self, event_id: str, rooms: Sequence[str], *, places: Sequence[Placed] = ()
    ) -> None:
        """Note that an event's fan-out has ended; remove what the heads need no more."""
        surplus = {placed.room: placed.surplus for placed in places}
        mark = log_head.MARK + keys.short(event_id)

        def release(room: str) -> None:
            self._remove(room, (mark, *surplus.get(room, ())))

        _side_by_side(release, rooms)

    def recent(self, room: str, *, before: int, limit: int) -> list[Entry]:
        """Return up to `limit` entries before a position, the newest first."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="room = :room AND event_id < :before",
            ExpressionAttributeValues={
                ":room": text(keys.log(room)),
                ":before": text(keys.position(before)),
            },
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=limit,
        )
        return [_entry(room, item) for item in answer["Items"]]

    # What a replay and the state of a room read.

    def head(self, room: str, *, now: float) -> LogHead | None:
        """Return the head of a room's log, None without one."""
        answer = self._client.get_item(
            TableName=self._table, Key=_head_key(room), ConsistentRead=True
        )
        item = answer.get("Item")
        return HeadRow.of(item).head(now=int(now), keep=self._keep) if item else None

    def newest_first(
        self, room: str, *, now: float, down_to: int = 0
    ) -> tuple[LogHead | None, Iterator[Entry]]:
        """Return the head of a room's log, None without one, and its entries, the newest first.

        The entries are read as they are taken, and end with the position `down_to`.
        """
        items = self._items(room, down_to)
        first = next(items, None)
        if first is None:
            return None, iter(())
        if first["event_id"]["S"] != keys.LOG_HEAD:
            return None, (_entry(room, item) for item in chain([first], items))
        head = HeadRow.of(first).head(now=int(now), keep=self._keep)
        return head, (_entry(room, item) for item in items)

    def at(self, room: str, positions: Collection[int]) -> list[Entry]:
        """Return the entries at some positions, as far as they are there."""
        wanted = [_key(room, position) for position in positions]
        return [_entry(room, item) for item in self._batches.get(self._table, wanted)]

    def settle(self, room: str, position: int, *, now: float) -> Entry:
        """Return what is at a position, after an empty entry is written if nothing is."""
        for wait in WAITS:
            if found := self.at(room, [position]):
                return found[0]
            self._sleep(wait)
        return self._put(room, position, {}, (), now)

    def has_older(self, room: str, *, now: float) -> bool:
        """Tell whether containers of a version without positions have logged events of a room."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="room = :room",
            FilterExpression="#ttl > :now",
            ProjectionExpression="event_id",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":room": text(room), ":now": number(int(now))},
            ConsistentRead=True,
        )
        return bool(answer["Items"]) or bool(answer.get("LastEvaluatedKey"))

    def _place(self, room: str, envelope: Envelope, now: float, fenced: Placed | None) -> Placed:
        in_order = bool(envelope.publisher)
        own = keys.short(envelope.id)
        for _ in range(MAX_PLACES):
            request = log_head.placing(
                envelope, now=now, keep=self._keep, in_order=in_order, fenced=fenced
            )
            given, row = self._update_head(room, request, now)
            if given:
                mark = int(now) * log_head.SHIFT + row.seq + 1
                self._forget_oldest(room, row, now)
                return row.placed(room, envelope, mark, now=int(now), keep=self._keep)
            if own in row.marks and not _is_taken(row.marks[own], fenced, now, self._keep):
                mark = row.marks[own]
                return row.placed(room, envelope, mark, now=int(now), keep=self._keep)
            in_order = False  # its number was the reason: it is late
        raise AwsError("dynamodb", "UpdateItem", "NoPosition", message=f"{room} gives no position")

    def _update_head(self, room: str, request: dict[str, Any], now: float) -> tuple[bool, HeadRow]:
        """Return whether the update was made, and the row as it was before it."""
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_head_key(room),
                ReturnValues="ALL_OLD",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **request,
            )
        except AwsError as exc:
            if exc.code != CONDITION_FAILED:
                raise
            return False, HeadRow.of(exc.response.get("Item") or {})
        start = int(request["ExpressionAttributeValues"][":start"]["N"])
        return True, HeadRow.of(answer.get("Attributes") or {}, seq=start)

    def _forget_oldest(self, room: str, row: HeadRow, now: float) -> None:
        """Remove the oldest marks when there are too many; until they would end, say so."""
        names = row.oldest_marks()
        if names:
            until = number(int(now) + self._keep)
            self._remove(room, names, also="SET forgot_until = :until", values={":until": until})

    def _remove(
        self,
        room: str,
        attributes: Sequence[str],
        *,
        also: str = "",
        values: Item | None = None,
    ) -> None:
        names = {f"#a{index}": name for index, name in enumerate(attributes)}
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": _head_key(room),
            "UpdateExpression": f"{also} REMOVE {', '.join(names)}".strip(),
            "ConditionExpression": "attribute_exists(seq)",
            "ExpressionAttributeNames": names,
        }
        if values:
            request["ExpressionAttributeValues"] = values
        with unless_refused():
            self._client.update_item(**request)

    def _put(
        self, room: str, position: int, item: Item, pending: Collection[int], now: float
    ) -> Entry:
        """Write an entry unless one is there; return the one that is there then."""
        written: Item = {
            **_key(room, position),
            **item,
            "logged_at": number(int(now * 1000)),
            "ttl": number(int(now) + self._keep + SLACK_SECONDS),
        }
        if pending:
            written["pending"] = {"NS": [str(each) for each in sorted(pending)]}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=written,
                ConditionExpression="attribute_not_exists(event_id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except AwsError as exc:
            if exc.code != CONDITION_FAILED:
                raise
            return _entry(room, exc.response["Item"])
        return _entry(room, written)

    def _items(self, room: str, down_to: int) -> Iterator[Item]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "room = :room AND event_id >= :last",
            "ExpressionAttributeValues": {
                ":room": text(keys.log(room)),
                ":last": text(keys.position(down_to)),
            },
            "ConsistentRead": True,
            "ScanIndexForward": False,
        }
        for limit in chain(PAGES, iter(lambda: PAGES[-1], 0)):
            page = self._client.query(**request, Limit=limit)
            yield from page["Items"]
            if not page.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _is_taken(mark: int, fenced: Placed | None, now: float, keep: int) -> bool:
    """Tell whether a mark stands for a position that the event cannot have any more."""
    too_old = (int(now) - keep + log_head.REUSE_MARGIN) * log_head.SHIFT
    return mark < too_old or (fenced is not None and mark == fenced.mark)


def _side_by_side(do: Callable[[Any], Any], things: Sequence[Any]) -> list[Any]:
    """Return the results of something that is done for each thing, all of them at the same time.

    All have ended when this returns or raises: Lambda would freeze the others in their calls.
    """
    if len(things) == 1:
        return [do(things[0])]
    futures = [_writers().submit(do, thing) for thing in things]
    failed = [error for future in futures if (error := future.exception()) is not None]
    if failed:
        raise failed[0]
    return [future.result() for future in futures]


@cache
def _writers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8, thread_name_prefix="log")


def _entry(room: str, item: Item) -> Entry:
    envelope = None
    position = int(item["event_id"]["S"])
    if "detail" in item:
        read = Envelope.from_detail(json.loads(item["detail"]["S"]), room=Room.stored)
        envelope = replace(read, seqs={room: position})
    return Entry(
        room=room,
        position=position,
        envelope=envelope,
        logged_at=int(item["logged_at"]["N"]),
        order=int(item["order"]["N"]) if "order" in item else position,
        pending=frozenset(int(each) for each in item.get("pending", {"NS": ()})["NS"]),
    )


def _key(room: str, position: int) -> Item:
    return {"room": text(keys.log(room)), "event_id": text(keys.position(position))}


def _head_key(room: str) -> Item:
    return {"room": text(keys.log(room)), "event_id": text(keys.LOG_HEAD)}
