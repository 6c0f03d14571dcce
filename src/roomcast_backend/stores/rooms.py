"""The rooms table, as fan-out and sweeps read it: a shard's members in pages."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from roomcast_backend import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.connections import Member
from roomcast_backend.settings import Settings
from roomcast_backend.stores import keys
from roomcast_backend.stores.items import Item, member_of, text

BATCH = 100
"""The most keys in one BatchGetItem."""

WHOLE_MEMBER = "connection_id, protocol, expires_at, joined_at, muted"
"""What `member_of` reads: a page without the rest takes a quarter less time."""


@dataclass(frozen=True, slots=True)
class Page:
    """Members in the order of their connection ids; `after` is where the next page starts."""

    members: list[Member]
    after: str | None


class RoomStore:
    """Reads memberships, consistently: whoever has been told that it joined is found."""

    def __init__(self, settings: Settings, *, client: DynamoDb | None = None) -> None:
        self._table = settings.rooms_table
        self._shards = settings.global_shards
        self._client = client or clients.dynamodb()

    def shards(self, room: str) -> range:
        """Return the shards that together hold the room."""
        return keys.shards_of(room, self._shards)

    def page(self, room: str, shard: int, *, size: int, after: str | None = None) -> Page:
        """Return up to `size` members of a shard that come after a connection id."""
        members: list[Member] = []
        while len(members) < size:
            answer = self._query(room, shard, size - len(members), after)
            members += [member_of(item) for item in answer["Items"]]
            last = answer.get("LastEvaluatedKey")
            after = last["connection_id"]["S"] if last else None
            if after is None:
                break
        return Page(members, after)

    def members(self, room: str, shard: int, *, size: int) -> Iterator[Member]:
        """Yield all members of a shard, reading `size` at a time."""
        page = self.page(room, shard, size=size)
        yield from page.members
        while page.after is not None:
            page = self.page(room, shard, size=size, after=page.after)
            yield from page.members

    def among(self, room: str, connection_ids: Collection[str]) -> list[Member]:
        """Return those members of a room that are among some connections."""
        wanted = [self._key(room, connection_id) for connection_id in connection_ids]
        found: list[Member] = []
        for start in range(0, len(wanted), BATCH):
            left: dict[str, Any] = {
                self._table: {"Keys": wanted[start : start + BATCH], "ConsistentRead": True}
            }
            while left:
                answer = self._client.batch_get_item(RequestItems=left)
                found += [member_of(item) for item in answer["Responses"].get(self._table, [])]
                left = answer.get("UnprocessedKeys", {})
        return found

    def overlap(self, room: str, connection_ids: Collection[str], *, size: int) -> list[Member]:
        """Return members of a room, all that are among some connections and maybe others.

        A room that fits into one page is read whole, which is one request instead of many.
        """
        if len(self.shards(room)) == 1 and len(connection_ids) > BATCH:
            page = self.page(room, 0, size=size)
            if page.after is None:
                return page.members
        return self.among(room, connection_ids)

    def _key(self, room: str, connection_id: str) -> Item:
        shard = keys.shard_of(room, connection_id, self._shards)
        return {
            "room": text(keys.partition(room, shard)),
            "connection_id": text(connection_id),
        }

    def _query(self, room: str, shard: int, limit: int, after: str | None) -> Any:
        partition = text(keys.partition(room, shard))
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "room = :room",
            "ExpressionAttributeValues": {":room": partition},
            "ProjectionExpression": WHOLE_MEMBER,
            "ConsistentRead": True,
            "Limit": limit,
        }
        if after is not None:
            request["ExclusiveStartKey"] = {"room": partition, "connection_id": text(after)}
        return self._client.query(**request)
