"""Executes commands, for every protocol: a command goes in, the body of its reply comes out.

Frames of one client are processed in parallel and may finish out of order. So each command can
run at any time and twice: it reads the connection, decides, and makes one conditional change.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from roomcast.envelope import timestamp
from roomcast.errors import InvalidRoom
from roomcast.rooms import GLOBAL, Room
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.model.access import Principal, may_join
from roomcast_backend.model.connection import Connection, State
from roomcast_backend.protocol.messages import Code, Command, CommandRefused, kind_of
from roomcast_backend.stores.memberships import ChangeResult

if TYPE_CHECKING:
    from roomcast_backend.inbound.ports import EventReplayer, MembershipChanger
    from roomcast_backend.lifecycle.ports import ConnectionReader

Body = dict[str, Any]

MAX_ATTEMPTS = 5
"""How often a change is tried while other frames of the client change the same connection."""

MAX_QUOTED = 40
"""Characters of an unknown command's name that its refusal repeats."""


class Commands:
    """Executes commands of authenticated and pending connections.

    `max_rooms_per_connection` is named in a refusal only: the membership store enforces it.
    """

    def __init__(
        self,
        *,
        connections: "ConnectionReader",
        memberships: "MembershipChanger",
        principal_of: Callable[[str], Principal],
        replay: "EventReplayer",
        max_rooms_per_connection: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._replay = replay
        self._memberships = memberships
        self._principal_of = principal_of
        self._max_rooms = max_rooms_per_connection
        self._clock = clock
        self._actions: Mapping[str, Callable[[Connection, Mapping[str, Any]], Body]] = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "ping": self._ping,
            "debug:rooms": self._debug_rooms,
            "authenticate": self._authenticate,
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The commands that clients can send."""
        return tuple(self._actions)

    def execute(self, connection: Connection, command: Command) -> Body:
        """Return the body of the reply; raise `CommandRefused` when the command is refused."""
        action = self._actions.get(command.name)
        if action is None:
            raise self._unknown_command(command.name)
        if command.name != "authenticate":
            self._check_token(connection)
            connection = self._in_automatic_rooms(connection)
        return action(connection, command.body)

    def _unknown_command(self, name: str) -> CommandRefused:
        known = ", ".join(self.names)
        given = name if len(name) <= MAX_QUOTED else f"{name[:MAX_QUOTED]}…"
        return CommandRefused(Code.INVALID_MESSAGE, f"expected one of {known}, got {given!r}")

    def _check_token(self, connection: Connection) -> None:
        if connection.principal is None:
            raise CommandRefused(Code.AUTH_MISSING, "send authenticate with a token first")
        if connection.principal.expires_at <= self._clock():
            raise CommandRefused(
                Code.AUTH_FAILED, "the token has expired: send authenticate with a fresh one"
            )

    def _in_automatic_rooms(self, connection: Connection) -> Connection:
        """Return the connection after it has joined its automatic rooms.

        The function `open` joins them, but a frame of the client can be processed before it.
        """
        if connection.state is State.READY:
            return connection
        self._memberships.settle(connection, now=int(self._clock()))
        return self._reload(connection)

    def _subscribe(self, connection: Connection, body: Mapping[str, Any]) -> Body:
        room = _room(body)
        since = _since(body)

        def join(current: Connection) -> ChangeResult:
            self._check_access(current, room)
            return self._memberships.join(current, room, now=int(self._clock()))

        self._apply(connection, join)
        reply = {"status": "success", "room": str(room)}
        if since is None:
            return reply
        replayed = self._replay.post(connection, [str(room)], since=since)
        return {**reply, "recovered": replayed.complete, "replayed": replayed.count}

    def _unsubscribe(self, connection: Connection, body: Mapping[str, Any]) -> Body:
        room = _room(body)

        def leave(current: Connection) -> ChangeResult:
            return self._memberships.leave(current, room, now=int(self._clock()))

        self._apply(connection, leave)
        return {"status": "success", "room": str(room)}

    def _ping(self, _connection: Connection, _body: Mapping[str, Any]) -> Body:
        return {"status": "pong"}

    def _debug_rooms(self, connection: Connection, _body: Mapping[str, Any]) -> Body:
        return {"status": "success", "rooms": _in_order(connection.rooms)}

    def _authenticate(self, connection: Connection, body: Mapping[str, Any]) -> Body:
        principal = self._principal(body)

        def renew(current: Connection) -> ChangeResult:
            return self._memberships.renew(current, principal, now=int(self._clock()))

        after = self._reload(self._apply(connection, renew))
        return {
            "status": "success",
            "user_id": principal.user_id,
            "expires_at": timestamp(datetime.fromtimestamp(principal.expires_at, UTC)),
            "rooms": _in_order(after.rooms),
        }

    def _principal(self, body: Mapping[str, Any]) -> Principal:
        token = _string(body, "token")
        try:
            return self._principal_of(token)
        except TokenRefused as exc:
            raise CommandRefused(Code.AUTH_FAILED, str(exc)) from exc

    def _check_access(self, connection: Connection, room: Room) -> None:
        if connection.principal is None or not may_join(connection.principal, room):
            raise CommandRefused(Code.ROOM_ACCESS_DENIED, f"the token does not open {room}")

    def _apply(
        self, connection: Connection, change: Callable[[Connection], ChangeResult]
    ) -> Connection:
        """Make a change; try it again on the current row when that has changed in between.

        Returns the connection as it was when the change was decided.
        """
        for _ in range(MAX_ATTEMPTS):
            match change(connection):
                case ChangeResult.DONE:
                    return connection
                case ChangeResult.FULL:
                    raise CommandRefused(
                        Code.ROOM_LIMIT,
                        f"a connection may be in {self._max_rooms} rooms: leave one first",
                    )
                case ChangeResult.GONE:
                    raise _closed()
                case ChangeResult.STALE:
                    connection = self._reload(connection)
        raise CommandRefused(Code.UNAVAILABLE, "too many changes at once: send it again")

    def _reload(self, connection: Connection) -> Connection:
        current = self._connections.get(connection.id)
        if current is None:
            raise _closed()
        return current


def _closed() -> CommandRefused:
    return CommandRefused(Code.AUTH_MISSING, "this connection is closed: connect again")


def _room(body: Mapping[str, Any]) -> Room:
    name = _string(body, "room")
    try:
        return Room.parse(name)
    except InvalidRoom as exc:
        raise CommandRefused(Code.INVALID_ROOM, str(exc)) from exc


def _since(body: Mapping[str, Any]) -> str | int | None:
    """Return the event that a client got last: its id, or its position in the room."""
    value = body.get("since")
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    message = f'expected "since" to be an id or a position, got {kind_of(value)}'
    raise CommandRefused(Code.INVALID_MESSAGE, message)


def _string(body: Mapping[str, Any], field: str) -> str:
    """Return a field of a command; raise `CommandRefused` unless it is a string."""
    value = body.get(field)
    if not isinstance(value, str):
        given = kind_of(value) if field in body else "none"
        message = f'expected "{field}" to be a string, got {given}'
        raise CommandRefused(Code.INVALID_MESSAGE, message)
    return value


def _in_order(rooms: frozenset[str]) -> list[str]:
    """Return room names in the order of replies: `global` and the user's own come first."""
    return sorted(rooms, key=lambda name: (name != str(GLOBAL), not name.startswith("user:"), name))
