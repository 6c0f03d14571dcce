"""The single writes that transactions over connections and rooms are made of."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from roomcast.rooms import Room
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.model.access import Principal
from roomcast_backend.model.connection import Connection, Member
from roomcast_backend.model.presence import has_presence, kinds_of
from roomcast_backend.model.type_filter import EVERYTHING
from roomcast_backend.settings import Settings
from roomcast_backend.stores import keys
from roomcast_backend.stores.batch_items import BatchItems
from roomcast_backend.stores.items import MEMBERS_USER, Item, connection_item, member_item, text

Action = dict[str, Any]


class WriteActions:
    """Builds the actions of TransactWriteItems; `leave_all` is the one write without a transaction.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItem.html
    """

    def __init__(
        self,
        settings: Settings,
        client: DynamoDb,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connections = settings.connections_table
        self._rooms = settings.rooms_table
        self._shards = settings.global_shards
        self._presence_kinds = kinds_of(settings.presence_rooms)
        self._batches = BatchItems(client, sleep=sleep)

    def put(self, connection: Connection) -> Action:
        """Store a whole connection."""
        return {"Put": {"TableName": self._connections, "Item": connection_item(connection)}}

    def update(
        self,
        connection: Connection,
        update: str,
        condition: str,
        values: Item,
        aliases: dict[str, str] | None = None,
    ) -> Action:
        """Change a connection's row under a condition."""
        action = self._on_row(connection, condition, values, aliases)
        return {"Update": {**action, "UpdateExpression": update}}

    def delete(
        self,
        connection: Connection,
        condition: str,
        values: Item,
        aliases: dict[str, str] | None = None,
    ) -> Action:
        """Delete a connection's row under a condition."""
        return {"Delete": self._on_row(connection, condition, values, aliases)}

    def _on_row(
        self,
        connection: Connection,
        condition: str,
        values: Item,
        aliases: dict[str, str] | None,
    ) -> Action:
        action: Action = {
            "TableName": self._connections,
            "Key": {"connection_id": text(connection.id)},
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }
        if aliases:  # DynamoDB refuses an empty map
            action["ExpressionAttributeNames"] = aliases
        return action

    def join(
        self,
        connection: Connection,
        principal: Principal,
        rooms: Iterable[Room],
        now: int,
        *,
        muted: bool = False,
    ) -> list[Action]:
        """Store the memberships of a connection in some rooms, with its filters of them.

        Who has left an automatic room, and is only `muted` there, has no filter of it any more.
        """
        member = Member(
            connection_id=connection.id,
            protocol=connection.protocol,
            expires_at=principal.expires_at,
            joined_at=now,
            muted=muted,
        )
        filters = {} if muted else connection.filters
        members = {
            name: member._replace(types=filters.get(name, EVERYTHING)) for name in map(str, rooms)
        }
        items = [
            member_item(self._partition(connection.id, name), each)
            for name, each in members.items()
        ]
        for room, item in zip(members, items, strict=True):
            if has_presence(room, self._presence_kinds):
                item[MEMBERS_USER] = text(principal.user_id)
        return [{"Put": {"TableName": self._rooms, "Item": item}} for item in items]

    def leave(self, connection_id: str, room: str) -> Action:
        """Delete a membership."""
        return {"Delete": {"TableName": self._rooms, "Key": self._member_key(connection_id, room)}}

    def leave_all(
        self, connection_id: str, rooms: Iterable[str], *, until: float | None = None
    ) -> None:
        """Delete the memberships of a connection whose row is gone already.

        Raises `AwsError` when DynamoDB has not deleted all of them by `until` (epoch seconds).
        """
        keys = [self._member_key(connection_id, room) for room in rooms]
        self._batches.delete(self._rooms, keys, until=until)

    def _member_key(self, connection_id: str, room: str) -> Item:
        return {
            "room": text(self._partition(connection_id, room)),
            "connection_id": text(connection_id),
        }

    def _partition(self, connection_id: str, room: str) -> str:
        return keys.partition(room, keys.shard_of(room, connection_id, self._shards))


def room_names(rooms: Iterable[Room]) -> frozenset[str]:
    """Return the names of some rooms."""
    return frozenset(str(room) for room in rooms)
