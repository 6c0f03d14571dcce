"""Who is in which room: every change of it, in one transaction over connections and rooms.

A connection's row holds the names of its rooms, a room's partition holds its members. Deleting
the row returns all rooms to leave (`ConnectionStore.delete`), and no change succeeds after it. So
no membership outlives its connection unnoticed:

    join: row exists? ─ add room to row + put member        (all or nothing)
    gone: delete row ─▶ rooms it had ─▶ delete members      (a crash here: GONE or the TTL clean up)
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from enum import Enum
from typing import Any

from roomcast.rooms import Room
from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.model.access import Principal, automatic_rooms, still_allowed
from roomcast_backend.model.connection import (
    Connection,
    State,
    address,
    held_rooms,
    is_session,
    session_id,
)
from roomcast_backend.model.recovery import lost
from roomcast_backend.settings import Settings
from roomcast_backend.stores import transactions
from roomcast_backend.stores.actions import WriteActions, room_names
from roomcast_backend.stores.connections import KNOWN, ConnectionStore
from roomcast_backend.stores.items import names, number, principal_item, text
from roomcast_backend.stores.recovery import RecoveryStore

SAME_VERSION = "token_version = :token_version"
BELOW_ROOM_LIMIT = "(attribute_not_exists(rooms) OR contains(rooms, :name) OR size(rooms) < :most)"


class ChangeResult(Enum):
    """The result of a change of memberships."""

    DONE = "done"
    GONE = "gone"  # the connection does not exist any more
    STALE = "stale"  # the token or the rooms changed meanwhile: decide again
    FULL = "full"  # the connection is in as many rooms as it may


class MembershipStore:
    """Changes memberships; `now` is epoch seconds."""

    def __init__(
        self,
        settings: Settings,
        *,
        client: DynamoDb | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._client = client or clients.dynamodb()
        self._connections = ConnectionStore(settings, client=self._client)
        self._recovery = RecoveryStore(settings, client=self._client)
        self._actions = WriteActions(settings, self._client, sleep=sleep)
        self._sleep = sleep

    def settle(self, connection: Connection, *, now: int) -> ChangeResult:
        """Join the automatic rooms, once: from `OPEN` to `READY`."""
        principal = _principal(connection)
        rooms = automatic_rooms(principal)
        change = self._actions.update(
            connection,
            "SET #state = :ready ADD rooms :rooms",
            f"{KNOWN} AND {SAME_VERSION}",
            {
                ":ready": text(State.READY),
                ":rooms": names(room_names(rooms)),
                ":token_version": number(connection.token_version),
            },
        )
        puts = self._actions.join(connection, principal, rooms, now)
        return self._change(connection, [change, *puts], otherwise=ChangeResult.STALE)

    def join(self, connection: Connection, room: Room, *, now: int) -> ChangeResult:
        """Put the connection into `room`; joining twice is joining once."""
        change = self._actions.update(
            connection,
            "ADD rooms :rooms",
            f"{KNOWN} AND {SAME_VERSION} AND {BELOW_ROOM_LIMIT}",
            {
                ":rooms": names(room_names([room])),
                ":name": text(str(room)),
                ":most": number(self._settings.max_rooms_per_connection),
                ":token_version": number(connection.token_version),
            },
        )
        puts = self._actions.join(connection, _principal(connection), [room], now)
        return self._change(connection, [change, *puts], otherwise=ChangeResult.FULL)

    def leave(self, connection: Connection, room: Room, *, now: int) -> ChangeResult:
        """Take the connection out of `room`; in an automatic one it is only muted.

        `global` is also the roster that heartbeats go through, and a user's own room tells how many
        connections the user has: a connection stays in both.
        """
        change = self._actions.update(
            connection, "DELETE rooms :rooms", KNOWN, {":rooms": names(room_names([room]))}
        )
        principal = _principal(connection)
        if room in automatic_rooms(principal):
            rows = self._actions.join(connection, principal, [room], now, muted=True)
        else:
            rows = [self._actions.leave(connection.id, str(room))]
        return self._change(connection, [change, *rows], otherwise=ChangeResult.STALE)

    def renew(self, connection: Connection, principal: Principal, *, now: int) -> ChangeResult:
        """Give the connection a token, the first or a fresh one.

        Rooms that the token does not open are left, the automatic ones joined, and every
        membership gets the token's expiry. `STALE` when rooms changed in the meantime.
        """
        old = {Room.parse(name) for name in connection.rooms}
        kept = still_allowed(principal, old) | set(self._missing_automatic(connection, principal))
        muted = set(automatic_rooms(principal)) - kept
        left = (old | {Room.parse(name) for name in held_rooms(connection)}) - kept - muted
        change = self._renewal(connection, principal, kept)
        puts = self._actions.join(connection, principal, kept, now)
        puts += self._actions.join(connection, principal, muted, now, muted=True)
        deletes = [self._actions.leave(connection.id, str(room)) for room in left]
        return self._change(connection, [change, *puts, *deletes], otherwise=ChangeResult.STALE)

    def forget(
        self, connection_id: str, *, seen_in: Collection[str] = (), until: float | None = None
    ) -> list[Connection]:
        """Delete a connection, all its sessions and memberships.

        `connection_id` may be that of the connection or of one of its sessions. `seen_in` are rooms
        in which the caller found it as a member. Returns the rows that were deleted, the connection
        first; nothing when they were gone already. Raises `AwsError` when DynamoDB has not deleted
        all memberships by `until` (epoch seconds).
        """
        deleted = self._forget_one(address(connection_id), seen_in, until)
        sessions = {connection_id} if is_session(connection_id) else set()
        for connection in deleted:
            sessions |= {session_id(connection.id, name) for name in connection.namespaces}
        for session in sorted(sessions):
            deleted += self._forget_one(session, seen_in, until)
        return deleted

    def _forget_one(
        self, connection_id: str, seen_in: Iterable[str], until: float | None
    ) -> list[Connection]:
        connection = self._connections.delete(connection_id)
        now = int(self._clock())
        if connection is not None and (kept := lost(connection, now=now)) is not None:
            self._recovery.keep(kept)
        rooms = set(seen_in) | (held_rooms(connection) if connection else set())
        self._actions.leave_all(connection_id, sorted(rooms), until=until)
        return [connection] if connection else []

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
        values[":token_version"] = number(connection.token_version)
        kept = room_names(rooms)
        update = f"SET {sets}, #state = :ready, token_version = token_version + :one"
        if kept:
            values[":kept"] = names(kept)
            update += ", rooms = :kept"
        else:
            update += " REMOVE rooms"
        same_rooms = "attribute_not_exists(rooms)"
        if connection.rooms:
            values[":old"] = names(connection.rooms)
            same_rooms = "rooms = :old"
        condition = f"{KNOWN} AND {SAME_VERSION} AND {same_rooms}"
        return self._actions.update(connection, update, condition, values, aliases)

    def _change(
        self, connection: Connection, actions: list[Any], *, otherwise: ChangeResult
    ) -> ChangeResult:
        """Write a change; when its condition does not hold, find out which part of it failed."""
        if transactions.write(self._client, actions, sleep=self._sleep):
            return ChangeResult.DONE
        row = self._connections.get(connection.id)
        if row is None:
            return ChangeResult.GONE
        return ChangeResult.STALE if row.token_version != connection.token_version else otherwise


def _principal(connection: Connection) -> Principal:
    if connection.principal is None:
        raise ValueError(f"connection {connection.id} has no token yet: it can be in no room")
    return connection.principal
