"""What a client's commands do. The same for every protocol: commands in, bodies of replies out.

Frames of one client are processed side by side and may finish out of order, so each command can
run at any time and twice: it reads the connection, decides, and makes one conditional change.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from roomcast.envelope import timestamp
from roomcast.errors import InvalidRoom
from roomcast.rooms import GLOBAL, Room
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.inbound.replay import Replay
from roomcast_backend.model.access import Principal, may_join
from roomcast_backend.model.connection import Connection, State
from roomcast_backend.protocol.messages import Code, Command, CommandRefused, kind_of
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.memberships import Change, MembershipStore

Body = dict[str, Any]

DECISIONS = 5
"""How often a command is decided anew when other frames of the client change what it looked at."""


class Commands:
    """Carries out commands of authenticated and pending connections."""

    def __init__(
        self,
        *,
        connections: ConnectionStore,
        memberships: MembershipStore,
        principal_of: Callable[[str], Principal],
        replay: Replay,
        most_rooms: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._replay = replay
        self._memberships = memberships
        self._principal_of = principal_of
        self._most_rooms = most_rooms
        self._clock = clock
        self._table: Mapping[str, Callable[[Connection, Mapping[str, Any]], Body]] = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "ping": self._ping,
            "debug:rooms": self._debug_rooms,
            "authenticate": self._authenticate,
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The commands that clients can send."""
        return tuple(self._table)

    def carry_out(self, connection: Connection, command: Command) -> Body:
        """Return the body of the reply; raise `CommandRefused` when the command is refused."""
        action = self._table.get(command.name)
        if action is None:
            known = ", ".join(self.names)
            came = command.name if len(command.name) <= 40 else f"{command.name[:40]}…"  # noqa: PLR2004
            raise CommandRefused(Code.INVALID_MESSAGE, f"expected one of {known}, got {came!r}")
        if command.name != "authenticate":
            self._check_token(connection)
            connection = self._settled(connection)
        return action(connection, command.body)

    def _check_token(self, connection: Connection) -> None:
        if connection.principal is None:
            raise CommandRefused(Code.AUTH_MISSING, "send authenticate with a token first")
        if connection.principal.expires_at <= self._clock():
            raise CommandRefused(
                Code.AUTH_FAILED, "the token has expired: send authenticate with a fresh one"
            )

    def _settled(self, connection: Connection) -> Connection:
        """Return the connection in its automatic rooms.

        A frame can overtake the `open` function, which joins them otherwise.
        """
        if connection.state is State.READY:
            return connection
        self._memberships.settle(connection, now=int(self._clock()))
        return self._reread(connection)

    def _subscribe(self, connection: Connection, body: Mapping[str, Any]) -> Body:
        room = _room(body)
        if body.get("since") is not None:
            _since(body)

        def join(current: Connection) -> Change:
            self._check_access(current, room)
            return self._memberships.join(current, room, now=int(self._clock()))

        self._decide(connection, join)
        reply = {"status": "success", "room": str(room)}
        if body.get("since") is None:
            return reply
        replayed = self._replay.post(connection, [str(room)], since=_since(body))
        return {**reply, "recovered": replayed.complete, "replayed": replayed.count}

    def _unsubscribe(self, connection: Connection, body: Mapping[str, Any]) -> Body:
        room = _room(body)

        def leave(current: Connection) -> Change:
            return self._memberships.leave(current, room, now=int(self._clock()))

        self._decide(connection, leave)
        return {"status": "success", "room": str(room)}

    def _ping(self, _connection: Connection, _body: Mapping[str, Any]) -> Body:
        return {"status": "pong"}

    def _debug_rooms(self, connection: Connection, _body: Mapping[str, Any]) -> Body:
        return {"status": "success", "rooms": _listed(connection.rooms)}

    def _authenticate(self, connection: Connection, body: Mapping[str, Any]) -> Body:
        principal = self._principal(body)

        def renew(current: Connection) -> Change:
            return self._memberships.renew(current, principal, now=int(self._clock()))

        after = self._reread(self._decide(connection, renew))
        return {
            "status": "success",
            "user_id": principal.user_id,
            "expires_at": timestamp(datetime.fromtimestamp(principal.expires_at, UTC)),
            "rooms": _listed(after.rooms),
        }

    def _principal(self, body: Mapping[str, Any]) -> Principal:
        token = body.get("token")
        if not isinstance(token, str):
            raise CommandRefused(
                Code.INVALID_MESSAGE, f'expected "token" to be a string, got {_came(body, "token")}'
            )
        try:
            principal = self._principal_of(token)
        except TokenRefused as exc:
            raise CommandRefused(Code.AUTH_FAILED, str(exc)) from exc
        return principal

    def _check_access(self, connection: Connection, room: Room) -> None:
        if connection.principal is None or not may_join(connection.principal, room):
            raise CommandRefused(Code.ROOM_ACCESS_DENIED, f"the token does not open {room}")

    def _decide(self, connection: Connection, change: Callable[[Connection], Change]) -> Connection:
        """Make a change, decided anew while others come in between."""
        for _ in range(DECISIONS):
            match change(connection):
                case Change.DONE:
                    return connection
                case Change.FULL:
                    raise CommandRefused(
                        Code.ROOM_LIMIT,
                        f"a connection may be in {self._most_rooms} rooms: leave one first",
                    )
                case Change.GONE:
                    raise _unknown()
                case Change.STALE:
                    connection = self._reread(connection)
        raise CommandRefused(Code.UNAVAILABLE, "too many changes at once: send it again")

    def _reread(self, connection: Connection) -> Connection:
        current = self._connections.get(connection.id)
        if current is None:
            raise _unknown()
        return current


def _unknown() -> CommandRefused:
    return CommandRefused(Code.AUTH_MISSING, "this connection is closed: connect again")


def _room(body: Mapping[str, Any]) -> Room:
    name = body.get("room")
    if not isinstance(name, str):
        raise CommandRefused(
            Code.INVALID_MESSAGE, f'expected "room" to be a string, got {_came(body, "room")}'
        )
    try:
        return Room.parse(name)
    except InvalidRoom as exc:
        raise CommandRefused(Code.INVALID_ROOM, str(exc)) from exc


def _since(body: Mapping[str, Any]) -> str:
    since = body["since"]
    if not isinstance(since, str):
        raise CommandRefused(
            Code.INVALID_MESSAGE, f'expected "since" to be a string, got {_came(body, "since")}'
        )
    return since


def _came(body: Mapping[str, Any], field: str) -> str:
    return kind_of(body[field]) if field in body else "none"


def _listed(rooms: frozenset[str]) -> list[str]:
    """Return room names, `global` and the user's own first."""
    return sorted(rooms, key=lambda name: (name != str(GLOBAL), not name.startswith("user:"), name))
