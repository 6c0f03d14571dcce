"""Checks, after the grace, who has left a room for good, and announces that.

nobody there ─▶ note: left ─▶ still nobody there ─▶ announce
                                └─▶ somebody: take the note back

The second look is for who comes back in between. Either it finds them; or their coming is followed
after the note, and announced like any other:

note: left ─▶ look: nobody ─▶ announce that ada left
                      ada joins ─▶ her batch finds the note ─▶ announce that ada joined

A user who left again has another check to come: this one, which is not of the last departure, does
nothing. One that is cut off finds its own note when it is repeated, and goes on.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from roomcast.events.presence import PresenceLeft
from roomcast.rooms import user
from roomcast.tenants import tenant_of
from roomcast_backend.presence.announcements import Announcements
from roomcast_backend.stores.presence import Membership, Person

if TYPE_CHECKING:
    from roomcast_backend.presence.ports import LeavingNotes, UsersConnections

PAGE: Final = 100
"""Connections of a user that are read at a time."""


class Departures:
    """Announces who has left; every step can be repeated safely."""

    def __init__(
        self,
        notes: "LeavingNotes",
        connections: "UsersConnections",
        announcements: Announcements,
    ) -> None:
        self._notes = notes
        self._connections = connections
        self._announcements = announcements

    def check(self, room: str, user_ids: Iterable[str], check: str) -> int:
        """Announce those of some users who are not in a room; return how many that are.

        `check` is the batch with which they left.
        """
        people = [Person(room, user_id) for user_id in user_ids]
        left = [person for person in people if self._has_left(person, check)]
        if left:
            self._announcements.publish(PresenceLeft, left, why=check)
        return len(left)

    def _has_left(self, person: Person, check: str) -> bool:
        if self._is_there(person) or not self._notes.mark_left(person, check):
            return False
        if self._is_there(person):
            self._notes.unmark_left(person, check)
            return False
        return True

    def _is_there(self, person: Person) -> bool:
        """Tell whether one of the user's connections, or sessions, is in the room."""
        room = user(person.user_id).of(tenant_of(person.room))
        own = self._connections.members(str(room), 0, size=PAGE)
        memberships = [Membership(person.room, member.connection_id) for member in own]
        return person.user_id in self._notes.members(memberships).values()
