"""`subscribe` with `presence`: which rooms have it, and who is there (docs/PROTOCOL.md)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from roomcast.rooms import Room
from roomcast.tenants import public_name
from roomcast_backend.inbound.chosen_types import types_of
from roomcast_backend.model.connection import Connection
from roomcast_backend.model.presence import has_presence, present
from roomcast_backend.model.type_filter import TypeFilter
from roomcast_backend.protocol.messages import Code, CommandRefused, kind_of
from roomcast_backend.state.telling import REPLY_BYTES

if TYPE_CHECKING:
    from roomcast_backend.inbound.ports import PresenceReader


def filter_of(body: Mapping[str, Any]) -> TypeFilter:
    """Return what a `subscribe` wants of its rooms: `types`, and `presence` as the switch of it.

    Raises `CommandRefused` when one of them is anything else than it may be.
    """
    value = body.get("presence")
    if value is not None and not isinstance(value, bool):
        raise CommandRefused(
            Code.INVALID_MESSAGE, f'expected "presence" to be true or false, got {kind_of(value)}'
        )
    return replace(types_of(body), presence=value is True)


class PresenceCommands:
    """Tells clients who is in rooms that they have just joined; `kinds` are those that have it."""

    def __init__(self, reader: "PresenceReader", *, kinds: frozenset[str]) -> None:
        self._reader = reader
        self._kinds = kinds

    def check(self, room: Room, types: TypeFilter) -> None:
        """Raise `CommandRefused` when presence is asked for in a room that has none."""
        if types.presence and not has_presence(str(room), self._kinds):
            known = ", ".join(f"{kind}:…" for kind in sorted(self._kinds)) or "no room"
            raise CommandRefused(
                Code.INVALID_MESSAGE,
                f"{room.name} has no presence: {known} has, in this deployment",
            )

    def tell(
        self, connection: Connection, rooms: Iterable[str], types: TypeFilter
    ) -> tuple[dict[str, dict[str, Any]], int]:
        """Return who is in some rooms, by their public names, and the size of the lists in bytes.

        Nothing unless that was asked for. All lists share what one reply has room for; the counts
        are those of all users.
        The connection's own user is among them, though the service may not know it from the rooms
        yet. Whoever comes after this was read is told by an event: the rooms were joined before.
        """
        if not types.presence or connection.principal is None:
            return {}, 0
        own, size = connection.principal.user_id, 0
        found: dict[str, dict[str, Any]] = {}
        for room in rooms:
            there = present(self._reader.users(room), also=own, most=REPLY_BYTES - size)
            size += there.size
            found[public_name(room)] = {"presence": there.body()}
        return found, size
