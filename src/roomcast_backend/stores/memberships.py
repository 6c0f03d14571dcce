"""Who is in which room: every change of it, in one transaction over connections and rooms.

A connection's row holds the names of its rooms, a room's partition holds its members. Whoever
deletes the row learns all rooms to leave (`ConnectionStore.take`), and no change succeeds once the
row is gone, so that no membership can outlive its connection unseen:

    join: row exists? ─ add room to row + put member        (all or nothing)
    gone: delete row ─▶ rooms it had ─▶ delete members      (a crash here: GONE or the TTL clean up)
"""

import time
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any

from roomcast.rooms import GLOBAL, Room
from roomcast_backend import clients
from roomcast_backend.access import Principal, automatic_rooms, still_allowed
from roomcast_backend.connections import Connection, Member, State
from roomcast_backend.settings import Settings
from roomcast_backend.stores import keys, transactions
from roomcast_backend.stores.connections import KNOWN, ConnectionStore
from roomcast_backend.stores.items import Item, member_item, names, number, principal_item, text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SAME_SESSION = "#session = :session"
ROOM_FOR_ONE = "(attribute_not_exists(rooms) OR contains(rooms, :name) OR size(rooms) < :most)"

BATCH = 25
"""The most deletions in one BatchWriteItem."""


class Change(Enum):
    """What became of a change."""

    DONE = "done"
    GONE = "gone"  # the connection is no more
    STALE = "stale"  # another token came in between: decide anew
    FULL = "full"  # the connection is in as many rooms as it may


class MembershipStore:
    """Changes memberships; `now` is epoch seconds."""

    def __init__(
        self,
        settings: Settings,
        *,
        client: "DynamoDBClient | None" = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._client = client or clients.dynamodb()
        self._connections = ConnectionStore(settings, client=self._client)
        self._sleep = sleep

    def settle(self, connection: Connection, *, now: int) -> Change:
        """Join the automatic rooms, once: from `OPEN` to `READY`."""
        principal = _principal(connection)
        rooms = automatic_rooms(principal)
        change = self._update(
            connection,
            "SET #state = :ready ADD rooms :rooms",
            f"{KNOWN} AND {SAME_SESSION}",
            {
                ":ready": text(State.READY),
                ":rooms": names(_names(rooms)),
                ":session": number(connection.session),
            },
        )
        puts = self._puts(connection, principal, rooms, now)
        return self._change(connection, [change, *puts], otherwise=Change.STALE)

    def join(self, connection: Connection, room: Room, *, now: int) -> Change:
        """Put the connection into `room`; joining twice is joining once."""
        change = self._update(
            connection,
            "ADD rooms :rooms",
            f"{KNOWN} AND {SAME_SESSION} AND {ROOM_FOR_ONE}",
            {
                ":rooms": names(_names([room])),
                ":name": text(str(room)),
                ":most": number(self._settings.max_rooms_per_connection),
                ":session": number(connection.session),
            },
        )
        puts = self._puts(connection, _principal(connection), [room], now)
        return self._change(connection, [change, *puts], otherwise=Change.FULL)

    def leave(self, connection: Connection, room: Room, *, now: int) -> Change:
        """Take the connection out of `room`; from `global` it is only muted.

        `global` is also the roster that heartbeats go through: a connection stays in it.
        """
        change = self._update(
            connection, "DELETE rooms :rooms", KNOWN, {":rooms": names(_names([room]))}
        )
        if room == GLOBAL:
            rows = self._puts(connection, _principal(connection), [room], now, muted=True)
        else:
            rows = [self._delete(connection.id, str(room))]
        return self._change(connection, [change, *rows], otherwise=Change.STALE)

    def renew(self, connection: Connection, principal: Principal, *, now: int) -> Change:
        """Give the connection a token, the first or a fresh one.

        Rooms that the token does not open are left, the automatic ones joined, and every
        membership gets the token's expiry. `STALE` when rooms changed in the meantime.
        """
        old = {Room.parse(name) for name in connection.rooms}
        kept = still_allowed(principal, old) | set(self._missing_automatic(connection, principal))
        left = old - kept
        change = self._renewal(connection, principal, kept)
        puts = self._puts(connection, principal, kept, now)
        if connection.state is State.READY and GLOBAL not in kept:
            puts += self._puts(connection, principal, [GLOBAL], now, muted=True)
        deletes = [self._delete(connection.id, str(room)) for room in left]
        return self._change(connection, [change, *puts, *deletes], otherwise=Change.STALE)

    def forget(self, connection_id: str, *, seen_in: Iterable[str] = ()) -> Connection | None:
        """Delete a connection and all its memberships; `seen_in` are rooms it was met in.

        Returns the connection as it was, None when its row was gone already.
        """
        connection = self._connections.take(connection_id)
        rooms = set(seen_in)
        if connection is not None:
            rooms |= connection.rooms
            if connection.principal is not None:
                rooms |= _names(automatic_rooms(connection.principal))
        self._delete_members(connection_id, sorted(rooms))
        return connection

    def _missing_automatic(self, connection: Connection, principal: Principal) -> Iterator[Room]:
        """Yield the automatic rooms to join now: all at first, later the new user's own.

        A connection that has left one of them on purpose is not put back into it.
        """
        for room in automatic_rooms(principal):
            before = connection.principal
            had = before is not None and room in automatic_rooms(before)
            if connection.state is not State.READY or not had:
                yield room

    def _renewal(
        self, connection: Connection, principal: Principal, rooms: Iterable[Room]
    ) -> dict[str, Any]:
        fresh = principal_item(principal)
        aliases = {f"#{name}": name for name in fresh}
        sets = ", ".join(f"#{name} = :{name}" for name in fresh)
        values = {f":{name}": value for name, value in fresh.items()}
        values |= {":ready": text(State.READY), ":one": number(1)}
        values[":session"] = number(connection.session)
        kept = _names(rooms)
        update = f"SET {sets}, #state = :ready, #session = #session + :one"
        if kept:
            values[":kept"] = names(kept)
            update += ", rooms = :kept"
        else:
            update += " REMOVE rooms"
        same_rooms = "attribute_not_exists(rooms)"
        if connection.rooms:
            values[":old"] = names(connection.rooms)
            same_rooms = "rooms = :old"
        condition = f"{KNOWN} AND {SAME_SESSION} AND {same_rooms}"
        return self._update(connection, update, condition, values, aliases)

    def _update(
        self,
        connection: Connection,
        update: str,
        condition: str,
        values: Item,
        aliases: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        used = {"#session": "session", "#state": "state"} | (aliases or {})
        return {
            "Update": {
                "TableName": self._settings.connections_table,
                "Key": {"connection_id": text(connection.id)},
                "UpdateExpression": update,
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {
                    alias: name for alias, name in used.items() if alias in update + condition
                },
                "ExpressionAttributeValues": values,
            }
        }

    def _puts(
        self,
        connection: Connection,
        principal: Principal,
        rooms: Iterable[Room],
        now: int,
        *,
        muted: bool = False,
    ) -> list[dict[str, Any]]:
        member = Member(
            connection_id=connection.id,
            protocol=connection.protocol,
            expires_at=principal.expires_at,
            joined_at=now,
            muted=muted,
        )
        table = self._settings.rooms_table
        return [
            {
                "Put": {
                    "TableName": table,
                    "Item": member_item(self._partition(connection.id, str(room)), member),
                }
            }
            for room in rooms
        ]

    def _delete(self, connection_id: str, room: str) -> dict[str, Any]:
        key = self._member_key(connection_id, room)
        return {"Delete": {"TableName": self._settings.rooms_table, "Key": key}}

    def _member_key(self, connection_id: str, room: str) -> Item:
        return {
            "room": text(self._partition(connection_id, room)),
            "connection_id": text(connection_id),
        }

    def _partition(self, connection_id: str, room: str) -> str:
        shard = keys.shard_of(room, connection_id, self._settings.global_shards)
        return keys.partition(room, shard)

    def _change(self, connection: Connection, actions: list[Any], *, otherwise: Change) -> Change:
        """Make a change; when its condition does not hold, find out which part of it."""
        if transactions.write(self._client, actions, sleep=self._sleep):
            return Change.DONE
        row = self._connections.get(connection.id)
        if row is None:
            return Change.GONE
        return Change.STALE if row.session != connection.session else otherwise

    def _delete_members(self, connection_id: str, rooms: list[str]) -> None:
        table = self._settings.rooms_table
        requests: list[Any] = [
            {"DeleteRequest": {"Key": self._member_key(connection_id, room)}} for room in rooms
        ]
        for start in range(0, len(requests), BATCH):
            left: dict[str, Any] = {table: requests[start : start + BATCH]}
            while left:
                left = self._client.batch_write_item(RequestItems=left)["UnprocessedItems"]


def _principal(connection: Connection) -> Principal:
    if connection.principal is None:
        raise ValueError(f"connection {connection.id} has no token yet: it can be in no room")
    return connection.principal


def _names(rooms: Iterable[Room]) -> frozenset[str]:
    return frozenset(str(room) for room in rooms)
