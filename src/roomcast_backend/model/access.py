"""Decides who may join which room; does no I/O and reads no clock."""

from collections.abc import Collection
from dataclasses import dataclass

from roomcast.rooms import GLOBAL, Room, user
from roomcast_backend.model.room_patterns import opens


@dataclass(frozen=True, slots=True)
class Grant:
    """The ids that a token gives access to: all of them, or those listed."""

    everything: bool = False
    ids: frozenset[str] = frozenset()

    def covers(self, item: str) -> bool:
        """Tell whether this grant gives access to `item`."""
        return self.everything or item in self.ids


ADMIN = "admin"
"""The role that may join every room and read the statistics."""

EVERYTHING = Grant(everything=True)
NOTHING = Grant()


@dataclass(frozen=True, slots=True)
class Principal:
    """The user of a token, what it gives access to and until when.

    From `expires_at` on (epoch seconds) the service takes the token no more, wherever it asks: that
    is the token's `exp` and the leeway. `rooms` are patterns, see `room_patterns`: they open rooms
    beside those of `projects` and `agents`, and narrow neither. `issued_at` is the token's `iat`,
    0 without one.
    """

    user_id: str
    expires_at: int
    role: str = ""
    projects: Grant = NOTHING
    agents: Grant = EVERYTHING
    rooms: frozenset[str] = frozenset()
    issued_at: int = 0

    @property
    def is_admin(self) -> bool:
        """An admin may join every room and read the statistics."""
        return self.role == ADMIN


def may_join(principal: Principal, room: Room) -> bool:
    """Tell whether `principal` may be in `room` (contract: Rooms, "who may")."""
    if principal.is_admin or room == GLOBAL:
        return True
    match room.kind:
        case "user":
            return room == user(principal.user_id)
        case "project":
            return principal.projects.covers(room.id) or opens(principal.rooms, room)
        case "agent":
            return principal.agents.covers(room.id) or opens(principal.rooms, room)
        case _:
            return opens(principal.rooms, room)


def automatic_rooms(principal: Principal) -> tuple[Room, ...]:
    """Return the rooms that the service joins every connection of this user to."""
    return (GLOBAL, user(principal.user_id))


def still_allowed(principal: Principal, rooms: Collection[Room]) -> frozenset[Room]:
    """Return those of `rooms` that a fresh token gives access to; the others are to be left."""
    return frozenset(room for room in rooms if may_join(principal, room))
