"""Executes commands, for every protocol: a command goes in, the body of its reply comes out.

Frames of one client are processed in parallel and may finish out of order. So each command can
run at any time and twice: it reads the connection, decides, and makes one conditional change. What
was sent last wins (`roomcast_backend.model.order`).
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from roomcast.envelope import timestamp
from roomcast.rooms import GLOBAL
from roomcast.tenants import public_name
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.inbound.changes import Changes
from roomcast_backend.inbound.presence_commands import PresenceCommands
from roomcast_backend.inbound.room_commands import RoomCommands
from roomcast_backend.inbound.room_names import string_of
from roomcast_backend.inbound.state_commands import StateCommands
from roomcast_backend.lifecycle.token_check import Checked
from roomcast_backend.model.access import Principal
from roomcast_backend.model.connection import Connection, State
from roomcast_backend.model.order import AUTHENTICATION, Sent, is_superseded
from roomcast_backend.protocol.messages import Code, Command, CommandRefused
from roomcast_backend.stores.memberships import ChangeResult

if TYPE_CHECKING:
    from roomcast_backend.inbound.ports import EventReplayer, MembershipChanger, StateTelling
    from roomcast_backend.lifecycle.ports import ConnectionReader
    from roomcast_backend.lifecycle.token_check import TokenCheck

Body = dict[str, Any]
Action = Callable[[Connection, Mapping[str, Any], Sent], Body]

AUTHENTICATE = "authenticate"

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
        tokens: "TokenCheck",
        replay: "EventReplayer",
        teller: "StateTelling",
        presence: PresenceCommands,
        max_rooms_per_connection: int,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._memberships = memberships
        self._tokens = tokens
        self._clock = clock
        self._changes = Changes(
            connections, max_rooms_per_connection=max_rooms_per_connection, sleep=sleep
        )
        self._states = states = StateCommands(teller)
        rooms = RoomCommands(
            memberships=memberships,
            replay=replay,
            states=states,
            presence=presence,
            changes=self._changes,
            max_rooms_per_connection=max_rooms_per_connection,
            clock=clock,
        )
        self._actions: Mapping[str, Action] = {
            "subscribe": rooms.subscribe,
            "unsubscribe": rooms.unsubscribe,
            "state": states.state,
            "ping": self._ping,
            "debug:rooms": self._debug_rooms,
            AUTHENTICATE: self._authenticate,
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The commands that clients can send."""
        return tuple(self._actions)

    def prefetch(self, command: Command) -> Future[Checked] | None:
        """Begin to check the token of an `authenticate`, for `execute`; the caller must wait."""
        token = command.body.get("token")
        if command.name != AUTHENTICATE or not isinstance(token, str):
            return None
        return self._tokens.begin(token)

    def execute(
        self,
        connection: Connection,
        command: Command,
        prefetched: Future[Checked] | None = None,
        *,
        sent: Sent,
    ) -> Body:
        """Return the body of the reply; raise `CommandRefused` when the command is refused.

        A command that is superseded by one that was `sent` later succeeds and changes nothing.
        `prefetched` is what `prefetch` returned for this command, if it was called.
        """
        action = self._actions.get(command.name)
        if action is None:
            raise self._unknown_command(command.name)
        if prefetched is not None:
            return self._authenticate(connection, command.body, sent, prefetched)
        if command.name != AUTHENTICATE:
            self._check_token(connection)
            connection = self._in_automatic_rooms(connection)
        return action(connection, command.body, sent)

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
        return self._changes.reload(connection)

    def _ping(self, _connection: Connection, _body: Mapping[str, Any], _sent: Sent) -> Body:
        return {"status": "pong"}

    def _debug_rooms(self, connection: Connection, _body: Mapping[str, Any], _sent: Sent) -> Body:
        return {"status": "success", "rooms": _in_order(connection.rooms)}

    def _authenticate(
        self,
        connection: Connection,
        body: Mapping[str, Any],
        sent: Sent,
        prefetched: Future[Checked] | None = None,
    ) -> Body:
        principal = self._principal(body, prefetched)

        def renew(current: Connection) -> ChangeResult:
            if sent.at < current.begun or is_superseded(current.versions, AUTHENTICATION, sent):
                return ChangeResult.SUPERSEDED
            return self._memberships.renew(current, principal, now=int(self._clock()), sent=sent)

        renewed = self._changes.apply(connection, renew)
        after = self._changes.reload(connection)
        first = connection.principal is None
        left = self._states.tell_automatic(after) if first and connection.wants_state else {}
        if renewed is None and after.principal is not None:
            principal = after.principal  # of the token that was sent later
        return {
            "status": "success",
            "user_id": principal.user_id,
            "expires_at": timestamp(datetime.fromtimestamp(principal.expires_at, UTC)),
            "rooms": _in_order(after.rooms),
            **({"next": left} if left else {}),
        }

    def _principal(self, body: Mapping[str, Any], prefetched: Future[Checked] | None) -> Principal:
        token = string_of(body, "token")
        try:
            checked = prefetched.result() if prefetched else self._tokens.take(token)
            return checked.principal
        except TokenRefused as exc:
            raise CommandRefused(Code.AUTH_FAILED, str(exc)) from exc


def _in_order(rooms: frozenset[str]) -> list[str]:
    """Return public names in the order of replies: `global` and the user's own come first."""
    names = map(public_name, rooms)
    return sorted(names, key=lambda name: (name != GLOBAL.name, not name.startswith("user:"), name))
