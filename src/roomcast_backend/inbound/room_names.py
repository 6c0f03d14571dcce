"""Reads the rooms that a command names, and names them in its refusal."""

from collections.abc import Mapping
from typing import Any

from roomcast.errors import InvalidRoom
from roomcast.rooms import Room
from roomcast_backend.model.connection import Connection
from roomcast_backend.protocol.messages import Code, CommandRefused, kind_of

Offset = str | int
"""The last event that a client got: its id, or its position in the room."""

MOST_NAMED = 100
"""Rooms in one command: more than a connection can be in."""


def room_of(name: str, connection: Connection) -> Room:
    """Return the room that a client names; raise `CommandRefused` when it is not a room's.

    It is one of the client's tenant: no name leads to another's.
    """
    tenant = connection.principal.tenant if connection.principal else ""
    try:
        return Room.parse(name).of(tenant)
    except InvalidRoom as exc:
        raise CommandRefused(Code.INVALID_ROOM, str(exc)) from exc


def rooms_of(body: Mapping[str, Any]) -> list[str]:
    """Return the names in a command's `rooms`; raise `CommandRefused` unless it lists strings."""
    value = body["rooms"]
    if "room" in body:
        raise _invalid('either "room" or "rooms", got both')
    if not isinstance(value, list):
        raise _invalid(f'"rooms" to be a list, got {kind_of(value)}')
    if len(value) > MOST_NAMED:
        raise _invalid(f'"rooms" to have at most {MOST_NAMED} names, got {len(value)}')
    for name in value:
        if not isinstance(name, str):
            raise _invalid(f'"rooms" to be a list of strings, got {kind_of(name)} in it')
    return value


def named_rooms(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that tell a client which rooms its refused command was about."""
    if isinstance(body.get("room"), str):
        return {"room": canonical(body["room"])}
    rooms = body.get("rooms")
    if isinstance(rooms, list) and len(rooms) <= MOST_NAMED:
        return {"rooms": [canonical(name) for name in rooms if isinstance(name, str)]}
    return {}


def canonical(name: str) -> str:
    """Return the name of a room as replies have it; what is not a room's name stays as it is."""
    try:
        return str(Room.parse(name))
    except InvalidRoom:
        return name


def offset_of(body: Mapping[str, Any], field: str) -> Offset:
    """Return the id or the position in a field; raise `CommandRefused` unless it is one."""
    value = body.get(field)
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return value
    raise _invalid(f'"{field}" to be an id or a position, got {kind_of(value)}')


def string_of(body: Mapping[str, Any], field: str) -> str:
    """Return a field of a command; raise `CommandRefused` unless it is a string."""
    value = body.get(field)
    if not isinstance(value, str):
        given = kind_of(value) if field in body else "none"
        raise _invalid(f'"{field}" to be a string, got {given}')
    return value


def _invalid(expected: str) -> CommandRefused:
    return CommandRefused(Code.INVALID_MESSAGE, f"expected {expected}")
