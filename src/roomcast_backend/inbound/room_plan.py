"""Decides what a command of many rooms changes, and what its client is told of each; no I/O."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from roomcast.rooms import Room
from roomcast_backend.inbound.room_names import canonical, room_of
from roomcast_backend.model.access import may_join
from roomcast_backend.model.connection import Connection
from roomcast_backend.model.order import Sent, is_superseded
from roomcast_backend.protocol.messages import Code, CommandRefused, Refusal


@dataclass(slots=True)
class Plan:
    """The rooms to change, and the results: `refused` by public name; all others are `accepted`.

    A room that is accepted and not to be changed was changed by a command that was sent later.
    """

    rooms: list[Room] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    refused: dict[str, Refusal] = field(default_factory=dict)

    def results(
        self,
        names: Iterable[str],
        *,
        recovered: Mapping[str, bool] | None = None,
        states: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> list[dict[str, Any]]:
        """Return one result for each name that the command has, in its order.

        What is told of a room is in its first result only, should the command name it twice.
        """
        left = dict(states or {})
        return [
            {**self._result(name, recovered or {}), **left.pop(name, {})}
            for name in map(canonical, names)
        ]

    def _result(self, name: str, recovered: Mapping[str, bool]) -> dict[str, Any]:
        if name in self.refused:
            return {"room": name, **self.refused[name].body()}
        more = {"recovered": recovered[name]} if name in recovered else {}
        return {"room": name, "status": "success", **more}


def plan_joins(
    connection: Connection,
    names: Iterable[str],
    sent: Sent,
    *,
    full: Callable[[], CommandRefused],
    most: int,
    check: Callable[[Room], None],
) -> Plan:
    """Plan to join rooms: the first ones, as long as the connection is in fewer than `most`.

    `check` raises `CommandRefused` for a room that cannot be joined as it was asked for.
    """
    left = most - len(connection.rooms)

    def may(room: Room) -> bool:
        nonlocal left
        if connection.principal is None or not may_join(connection.principal, room):
            raise CommandRefused(Code.ROOM_ACCESS_DENIED, f"the token does not open {room.name}")
        check(room)
        if is_late(connection, room, sent):
            return False
        if str(room) not in connection.rooms:
            if left <= 0:
                raise full()
            left -= 1
        return True

    return _plan(connection, names, may)


def plan_leaves(connection: Connection, names: Iterable[str], sent: Sent) -> Plan:
    """Plan to leave rooms; those that the connection is not in are left as well."""
    return _plan(connection, names, lambda room: not is_late(connection, room, sent))


def is_late(connection: Connection, room: Room, sent: Sent) -> bool:
    """Tell whether a later command has changed this room, or the command is of a session before."""
    return sent.at < connection.begun or is_superseded(connection.versions, str(room), sent)


def _plan(
    connection: Connection, names: Iterable[str], is_to_change: Callable[[Room], bool]
) -> Plan:
    """Look at each room once; `is_to_change` may raise `CommandRefused`."""
    plan = Plan()
    for name in dict.fromkeys(map(canonical, names)):
        try:
            room = room_of(name, connection)
            if is_to_change(room):
                plan.rooms.append(room)
            plan.accepted.append(name)
        except CommandRefused as exc:
            plan.refused[name] = exc.refusal
    return plan
