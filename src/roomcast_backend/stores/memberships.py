"""Who is in which room: every change of it, in one transaction over connections and rooms.

A connection's row holds the names of its rooms, a room's partition holds its members. Deleting
the row returns all rooms to leave (`ConnectionStore.delete`), and no change succeeds after it. So
no membership outlives its connection unnoticed:

    join: row exists? ─ add room to row + put member        (all or nothing)
    gone: delete row ─▶ rooms it had ─▶ delete members      (a crash here: GONE or the TTL clean up)
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from enum import Enum

from roomcast.rooms import Room
from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.model.access import Principal, automatic_rooms, listed_in, still_allowed
from roomcast_backend.model.connection import (
    Connection,
    State,
    address,
    held_rooms,
    is_session,
    session_id,
)
from roomcast_backend.model.order import AUTHENTICATION, Sent, is_superseded
from roomcast_backend.model.recovery import lost
from roomcast_backend.model.type_filter import EVERYTHING, TypeFilter
from roomcast_backend.settings import Settings
from roomcast_backend.stores import transactions
from roomcast_backend.stores.actions import Action, WriteActions, room_names
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.items import MAYBE_SET, names, number, principal_item, text
from roomcast_backend.stores.recovery import RecoveryStore
from roomcast_backend.stores.row_change import BELOW_ROOM_LIMIT, RowChange

CONFLICT_ROUNDS = 2
"""A client that joins all its rooms one by one, at once, has some fifty changes meet each other."""


class ChangeResult(Enum):
    """The result of a change of memberships."""

    DONE = "done"
    GONE = "gone"  # the connection does not exist any more
    STALE = "stale"  # the token, the session or the rooms changed meanwhile: decide again
    SUPERSEDED = "superseded"  # a command that was sent later has changed the same: nothing is done
    KEPT = "kept"  # the session that the namespace has is kept
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
        """Join the automatic rooms, once: from `OPEN` to `READY`; `STALE` when it is not `OPEN`."""
        principal = _principal(connection)
        rooms = automatic_rooms(principal)
        change = RowChange.of_memberships(connection).in_state(State.OPEN).ready().join(rooms)
        puts = self._actions.join(connection, principal, rooms, now)
        puts += self._actions.join(connection, principal, listed_in(principal), now, muted=True)
        return self._write(change, puts)

    def join(
        self,
        connection: Connection,
        room: Room,
        *,
        now: int,
        sent: Sent | None = None,
        types: TypeFilter = EVERYTHING,
    ) -> ChangeResult:
        """Put the connection into `room`; joining twice is joining once, with the last `types`."""
        name = str(room)
        change = RowChange.of_memberships(connection).join([room]).filter({name: types})
        change.require(
            BELOW_ROOM_LIMIT,
            name=text(name),
            most=number(self._settings.max_rooms_per_connection),
        )
        change.sent(sent, [name], checked=False)
        joined = replace(connection, filters={name: types})
        puts = self._actions.join(joined, _principal(connection), [room], now)
        return self._write(change, puts, ordered=(sent, name), otherwise=ChangeResult.FULL)

    def join_all(
        self,
        connection: Connection,
        rooms: Collection[Room],
        *,
        now: int,
        sent: Sent,
        types: TypeFilter = EVERYTHING,
    ) -> ChangeResult:
        """Put the connection into some rooms at once; `STALE` when anything has changed meanwhile.

        The caller has looked at `connection`: there is room for these, and nothing sent later.
        """
        change = RowChange.of_memberships(connection).unchanged().join(rooms)
        change.sent(sent, map(str, rooms), checked=True)
        before = connection.filters
        new = [room for room in rooms if str(room) not in connection.rooms]
        new += [
            room
            for room in rooms
            if str(room) in connection.rooms and before.get(str(room), EVERYTHING) != types
        ]
        filters = {str(room): types for room in rooms}
        change.filter({name: types for name in filters if types.stored() or name in before})
        joined = replace(connection, filters=filters)
        return self._write(change, self._actions.join(joined, _principal(connection), new, now))

    def leave(
        self, connection: Connection, room: Room, *, now: int, sent: Sent | None = None
    ) -> ChangeResult:
        """Take the connection out of `room`; in an automatic one it is only muted.

        `global` is also the roster that heartbeats go through, and a user's own room tells how many
        connections the user has: a connection stays in both.
        """
        change = RowChange.of_memberships(connection).leave([room])
        change.filter({str(room): EVERYTHING})
        change.sent(sent, [str(room)], checked=False)
        return self._write(
            change, self._leaving(connection, [room], now), ordered=(sent, str(room))
        )

    def leave_all(
        self, connection: Connection, rooms: Collection[Room], *, now: int, sent: Sent
    ) -> ChangeResult:
        """Take the connection out of some rooms at once; on the terms of `join_all`."""
        change = RowChange.of_memberships(connection).unchanged().leave(rooms)
        change.drop_filters(map(str, rooms))
        change.sent(sent, map(str, rooms), checked=True)
        held = [room for room in rooms if str(room) in connection.rooms]
        return self._write(change, self._leaving(connection, held, now))

    def renew(
        self,
        connection: Connection,
        principal: Principal,
        *,
        now: int,
        sent: Sent | None = None,
    ) -> ChangeResult:
        """Give the connection a token, the first or a fresh one.

        Rooms that the token does not open are left, the automatic ones joined, and every
        membership gets the token's expiry. `STALE` when rooms or what is wanted of them changed in
        the meantime.
        """
        old = {Room.stored(name) for name in connection.rooms}
        kept = still_allowed(principal, old) | set(self._missing_automatic(connection, principal))
        muted = {*automatic_rooms(principal), *listed_in(principal)} - kept
        left = (old | {Room.stored(name) for name in held_rooms(connection)}) - kept - muted
        change = self._renewal(connection, principal, kept).sent(
            sent, [AUTHENTICATION], checked=False
        )
        puts = self._actions.join(connection, principal, kept, now)
        puts += self._actions.join(connection, principal, muted, now, muted=True)
        deletes = [self._actions.leave(connection.id, str(room)) for room in left]
        return self._write(change, [*puts, *deletes], ordered=(sent, AUTHENTICATION))

    def close_expired(self, connection_id: str, *, expired_at: int) -> bool:
        """Mark a connection or session as closing, as `ConnectionStore.close_expired`."""
        return self._connections.close_expired(connection_id, expired_at=expired_at)

    def close_revoked(self, connection_id: str, *, account: str, issued_before: int) -> bool:
        """Mark a connection or session as closing, as `ConnectionStore.close_revoked`."""
        return self._connections.close_revoked(
            connection_id, account=account, issued_before=issued_before
        )

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
    ) -> RowChange:
        change = RowChange.of_memberships(connection).unchanged().ready()
        change.drop_filters(set(connection.filters) - room_names(rooms))
        attributes = principal_item(principal)
        for name, value in attributes.items():
            change.aliases[f"#{name}"] = name
            change.set(f"#{name} = :{name}", **{name: value})
        change.removes += [name for name in MAYBE_SET if name not in attributes]
        change.set("token_version = token_version + :one")
        if kept := room_names(rooms):
            change.set("rooms = :kept", kept=names(kept))
        else:
            change.removes.append("rooms")
        if connection.rooms:
            return change.require("rooms = :old", old=names(connection.rooms))
        return change.require("attribute_not_exists(rooms)")

    def _leaving(self, connection: Connection, rooms: Iterable[Room], now: int) -> list[Action]:
        left, principal = set(rooms), _principal(connection)
        muted = left & {*automatic_rooms(principal), *listed_in(principal)}
        rows = [self._actions.leave(connection.id, str(room)) for room in left - muted]
        return rows + self._actions.join(connection, principal, muted, now, muted=True)

    def _write(
        self,
        change: RowChange,
        rows: Iterable[Action],
        *,
        ordered: tuple[Sent | None, str] = (None, ""),
        otherwise: ChangeResult = ChangeResult.STALE,
    ) -> ChangeResult:
        """Write a change; when its condition does not hold, find out which part of it failed.

        `ordered` is when the command was sent and what it changes.
        """
        actions = [change.action(self._actions), *rows]
        if transactions.write(self._client, actions, rounds=CONFLICT_ROUNDS, sleep=self._sleep):
            return ChangeResult.DONE
        decided, row = change.connection, self._connections.get(change.connection.id)
        if row is None or row.closing:
            return ChangeResult.GONE
        if (row.token_version, row.begun) != (decided.token_version, decided.begun):
            return ChangeResult.STALE
        sent, subject = ordered
        if sent is not None and is_superseded(row.versions, subject, sent):
            return ChangeResult.SUPERSEDED
        return otherwise


def _principal(connection: Connection) -> Principal:
    if connection.principal is None:
        raise ValueError(f"connection {connection.id} has no token yet: it can be in no room")
    return connection.principal
