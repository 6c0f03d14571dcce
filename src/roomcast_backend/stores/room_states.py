"""What is known of the entities of each room: one row for each of them, in the events table.

A row is read, the event is merged into it, and it is written under the condition that nobody else
has written it meanwhile. So events that are delivered side by side are all in it, in any order; an
event that is repeated changes nothing.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from roomcast.backoff import Backoff
from roomcast.envelope import Envelope, encode
from roomcast.rooms import Room
from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.model.room_log import Placed
from roomcast_backend.model.room_state import FORGET_SECONDS, EntityState, Stamp, Told, tell
from roomcast_backend.settings import Settings
from roomcast_backend.stores import keys
from roomcast_backend.stores.batch_items import BatchItems
from roomcast_backend.stores.connections import CONDITION_FAILED
from roomcast_backend.stores.items import Item, number, text

BACKOFF: Final = Backoff(base=0.005, cap=0.2, attempts=24)
"""How often a row is written: each refusal tells of another one's success."""

PAGES: Final = (50, 200, 500)
"""Rows of the first reads of a room: most rooms have a few dozen entities."""

ALL, NONE = "all", "none"


@dataclass(frozen=True, slots=True)
class Row:
    """What a row holds, and how often it was written; nothing and 0 without a row."""

    state: EntityState | None = None
    revision: int = 0


class RoomStates:
    """Keeps entities of the kinds of rooms that the setting `room_state` names.

    `now` is epoch seconds.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        client: DynamoDb | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = settings.events_table
        self._kept = {kind.strip() for kind in settings.room_state.split(",")}
        self._client = client or clients.dynamodb()
        self._batches = BatchItems(self._client, sleep=sleep)
        self._sleep = sleep

    def keeps(self, room: str) -> bool:
        """Tell whether the entities of a room are kept."""
        return ALL in self._kept or Room.stored(room).kind in self._kept

    def read(self, entity: str, rooms: Iterable[str]) -> dict[str, Row]:
        """Return the row of an entity in each of some rooms; `note` reads what is missing."""
        wanted = {keys.state(room): room for room in rooms if self.keeps(room)}
        items = self._batches.get(self._table, [_key(room, entity) for room in wanted.values()])
        rows = {wanted[item["room"]["S"]]: _row(item) for item in items}
        return {room: rows.get(room, Row()) for room in wanted.values()}

    def note(
        self,
        entity: str,
        event: Envelope,
        places: Sequence[Placed],
        *,
        known: Mapping[str, Row],
        now: int,
    ) -> None:
        """Merge an event into the row of its entity in each of its rooms.

        `known` is what `read` returned before. Raises `AwsError`, after which it can be repeated.
        """
        for placed in places:
            if self.keeps(placed.room):
                self._note(entity, event, placed, known.get(placed.room, Row()), now)

    def page(self, room: str, *, after: str = "", rows: int) -> tuple[list[EntityState], str]:
        """Return up to `rows` entities of a room, in the order of their keys, after a key.

        Also the key to go on after, empty at the end. The read is consistent.
        """
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "room = :room",
            "ExpressionAttributeValues": {":room": text(keys.state(room))},
            "ConsistentRead": True,
            "Limit": rows,
        }
        if after:
            request["KeyConditionExpression"] += " AND event_id > :after"
            request["ExpressionAttributeValues"][":after"] = text(after)
        answer = self._client.query(**request)
        states = [_state(item) for item in answer["Items"]]
        last = answer.get("LastEvaluatedKey")
        return states, str(last["event_id"]["S"]) if last else ""

    def _note(self, entity: str, event: Envelope, placed: Placed, row: Row, now: int) -> None:
        for attempt in range(BACKOFF.attempts):
            state = tell(row.state, entity, event, seq=placed.position, order=placed.order, now=now)
            if state is row.state:
                return
            found = self._put(placed.room, state, row.revision)
            if found is None:
                return
            row = found
            if attempt:
                self._sleep(BACKOFF.pause(attempt))
        message = f"{entity} in {placed.room} changes all the time"
        raise AwsError("dynamodb", "PutItem", CONDITION_FAILED, message=message)

    def _put(self, room: str, state: EntityState, revision: int) -> Row | None:
        """Write a row that has this revision; return the row that is there if it has not."""
        condition = "attribute_not_exists(revision)"
        request: dict[str, Any] = {}
        if revision:
            condition = "revision = :revision"
            request["ExpressionAttributeValues"] = {":revision": number(revision)}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item(room, state, revision + 1),
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **request,
            )
        except AwsError as exc:
            if exc.code != CONDITION_FAILED:
                raise
            found = exc.response.get("Item")
            return _row(found) if found else Row()
        return None


def _key(room: str, entity: str) -> Item:
    return {"room": text(keys.state(room)), "event_id": text(keys.entity(entity))}


def _item(room: str, state: EntityState, revision: int) -> Item:
    return {
        **_key(room, state.entity),
        "state": text(encode(_written(state))),
        "revision": number(revision),
        "ttl": number(state.until + FORGET_SECONDS),
    }


def _row(item: Item) -> Row:
    return Row(_state(item), int(item["revision"]["N"]))


def _written(state: EntityState) -> dict[str, Any]:
    """Return a state as JSON; each stamp stands there once, the newest event's first."""
    every = (told.stamp for told in state.fields.values())
    stamps = list(dict.fromkeys(chain([state.stamp], every)))
    at = {stamp: index for index, stamp in enumerate(stamps)}
    return {
        "entity": state.entity,
        "id": state.event.id,
        "type": state.event.type,
        "timestamp": state.event.timestamp,
        "source": state.event.source,
        "seq": state.seq,
        "until": state.until,
        "stamps": [[stamp.order, stamp.publisher, stamp.number] for stamp in stamps],
        "passed": [[stamp.order, stamp.publisher, stamp.number] for stamp in state.passed],
        "fields": {
            name: [at[told.stamp], told.value] if told.kept else [at[told.stamp]]
            for name, told in state.fields.items()
        },
    }


def _state(item: Item) -> EntityState:
    written = json.loads(item["state"]["S"])
    stamps = [Stamp(*stamp) for stamp in written["stamps"]]
    newest = stamps[0]
    event = Envelope(
        id=written["id"],
        type=written["type"],
        timestamp=written["timestamp"],
        source=written["source"],
        rooms=(),
        data={},
        publisher=newest.publisher,
        number=newest.number,
    )
    fields = {
        name: Told(value[0] if value else None, stamps[at], kept=bool(value))
        for name, (at, *value) in written["fields"].items()
    }
    return EntityState(
        entity=written["entity"],
        event=event,
        seq=written["seq"],
        stamp=newest,
        until=written["until"],
        fields=fields,
        passed=frozenset(Stamp(*stamp) for stamp in written["passed"]),
    )
