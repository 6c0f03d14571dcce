"""Decides who may join which room; does no I/O and reads no clock."""

from collections.abc import Collection
from dataclasses import dataclass

from roomcast.rooms import GLOBAL, Room, user
from roomcast.tenants import stored_name
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
"""The role that may join every room of its tenant and read the statistics."""

EVERYTHING = Grant(everything=True)
NOTHING = Grant()


@dataclass(frozen=True, slots=True)
class Principal:
    """The user of a token, what it gives access to and until when.

    From `expires_at` on (epoch seconds) the service takes the token no more, wherever it asks: that
    is the token's `exp` and the leeway. `rooms` are patterns, see `room_patterns`: they open rooms
    beside those of `projects` and `agents`, and narrow neither. `issued_at` is the token's `iat`,
    0 without one. `tenant` is empty for users who belong to none.
    """

    user_id: str
    expires_at: int
    role: str = ""
    projects: Grant = NOTHING
    agents: Grant = EVERYTHING
    rooms: frozenset[str] = frozenset()
    issued_at: int = 0
    tenant: str = ""

    @property
    def is_admin(self) -> bool:
        """An admin may join every room of the same tenant and read the statistics."""
        return self.role == ADMIN

    @property
    def account(self) -> str:
        """The user among those of all tenants: the same id elsewhere is somebody else."""
        return stored_name(self.tenant, self.user_id)


def may_join(principal: Principal, room: Room) -> bool:
    """Tell whether `principal` may be in `room` (contract: Rooms, "who may").

    Nobody may be in a room of another tenant, whatever their role.
    """
    if room.tenant != principal.tenant:
        return False
    if principal.is_admin or room.kind == GLOBAL.kind:
        return True
    match room.kind:
        case "user":
            return room.id == user(principal.user_id).id
        case "project":
            return principal.projects.covers(room.id) or opens(principal.rooms, room)
        case "agent":
            return principal.agents.covers(room.id) or opens(principal.rooms, room)
        case _:
            return opens(principal.rooms, room)


def automatic_rooms(principal: Principal) -> tuple[Room, ...]:
    """Return the rooms that the service joins every connection of this user to."""
    return tuple(room.of(principal.tenant) for room in (GLOBAL, user(principal.user_id)))


def told_first_to_last(principal: Principal) -> list[str]:
    """Return the names of the automatic rooms in the order in which their state is told.

    The user's own comes first: `global` may have more than one answer has room for.
    """
    return [str(room) for room in reversed(automatic_rooms(principal))]


def listed_in(principal: Principal) -> tuple[Room, ...]:
    """Return the rooms that a connection of this user is listed in without getting their events.

    The `global` of no tenant is the roster that heartbeats go through and that is counted.
    """
    return (GLOBAL,) if principal.tenant else ()


def still_allowed(principal: Principal, rooms: Collection[Room]) -> frozenset[Room]:
    """Return those of `rooms` that a fresh token gives access to; the others are to be left."""
    return frozenset(room for room in rooms if may_join(principal, room))
