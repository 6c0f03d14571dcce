"""Reads the rooms table for fan-out and heartbeats: the members of a shard, page by page."""

import time
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.model.connection import Member
from roomcast_backend.settings import Settings
from roomcast_backend.stores import keys
from roomcast_backend.stores.batch_items import BatchItems
from roomcast_backend.stores.items import Item, member_of, text

MEMBERS_PER_KEY = 16
"""Members to read as a range per key that is asked for: thirty of a range cost one read unit."""

WHOLE_MEMBER = "connection_id, protocol, expires_at, joined_at, muted, types"
"""The attributes that `member_of` reads: a page without the others takes a quarter less time."""


@dataclass(frozen=True, slots=True)
class Page:
    """Members in the order of their connection ids; `after` is where the next page starts."""

    members: list[Member]
    after: str | None


class RoomStore:
    """Reads memberships consistently: a client that has an ack for its join is found."""

    def __init__(
        self,
        settings: Settings,
        *,
        client: DynamoDb | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = settings.rooms_table
        self._shards = settings.global_shards
        self._client = client or clients.dynamodb()
        self._batches = BatchItems(self._client, sleep=sleep)

    def shards(self, room: str) -> range:
        """Return the shards that together hold the room."""
        return keys.shards_of(room, self._shards)

    def page(self, room: str, shard: int, *, size: int, after: str | None = None) -> Page:
        """Return up to `size` members of a shard that come after a connection id."""
        return self._page(keys.partition(room, shard), size, after)

    def members(self, room: str, shard: int, *, size: int) -> Iterator[Member]:
        """Yield all members of a shard, reading `size` at a time."""
        page = self.page(room, shard, size=size)
        yield from page.members
        while page.after is not None:
            page = self.page(room, shard, size=size, after=page.after)
            yield from page.members

    def among(
        self, room: str, connection_ids: Collection[str], *, until: float | None = None
    ) -> list[Member]:
        """Return those members of a room that are among some connections.

        Raises `AwsError` when DynamoDB has not read all of them by `until` (epoch seconds).
        """
        keys = [self._key(room, connection_id) for connection_id in connection_ids]
        return [member_of(item) for item in self._batches.get(self._table, keys, until=until)]

    def overlap(
        self, room: str, connection_ids: Collection[str], *, until: float | None = None
    ) -> list[Member]:
        """Return the members of a room that are among some connections, and maybe others.

        Members are sorted by their ids, and the pages of a shard of `global` divide that order. So
        over all pages this room is read at most once per shard of `global`. Where too many members
        lie between the first and the last id, the rest is read key by key, as `among` does.
        """
        ids = sorted(connection_ids)
        if len(self.shards(room)) > 1:
            return self.among(room, ids, until=until)
        size = MEMBERS_PER_KEY * len(ids)
        between = self._page(keys.partition(room, 0), size, within=(ids[0], ids[-1]))
        behind = len(ids) if between.after is None else bisect_right(ids, between.after)
        return between.members + self.among(room, ids[behind:], until=until)

    def _key(self, room: str, connection_id: str) -> Item:
        shard = keys.shard_of(room, connection_id, self._shards)
        return {
            "room": text(keys.partition(room, shard)),
            "connection_id": text(connection_id),
        }

    def _page(
        self,
        partition: str,
        size: int,
        after: str | None = None,
        *,
        within: tuple[str, str] | None = None,
    ) -> Page:
        """Read up to `size` members; `within` limits them to ids between two, both included."""
        members: list[Member] = []
        while len(members) < size:
            answer = self._query(partition, size - len(members), after, within)
            members += [member_of(item) for item in answer["Items"]]
            last = answer.get("LastEvaluatedKey")
            after = last["connection_id"]["S"] if last else None
            if after is None:
                break
        return Page(members, after)

    def _query(
        self, partition: str, limit: int, after: str | None, within: tuple[str, str] | None
    ) -> Any:
        condition, values = "room = :room", {":room": text(partition)}
        if within is not None:
            condition += " AND connection_id BETWEEN :first AND :last"
            values |= {":first": text(within[0]), ":last": text(within[1])}
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ProjectionExpression": WHOLE_MEMBER,
            "ConsistentRead": True,
            "Limit": limit,
        }
        if after is not None:
            request["ExclusiveStartKey"] = {
                "room": text(partition),
                "connection_id": text(after),
            }
        return self._client.query(**request)
