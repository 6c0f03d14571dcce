"""What this package asks of the stores and queues.

Modules import this one for annotations only (`if TYPE_CHECKING`), so a cold start never loads it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol

from roomcast_backend.model.connection import Member
from roomcast_backend.stores.presence import Membership, Person, Standing


class UserLists(Protocol):
    """Tells who is in rooms; `PresenceStore` in production."""

    def users(self, room: str) -> list[str]:
        """Return all users of whom the members of a room were told that they are there."""
        ...


class MembershipUsers(Protocol):
    """Tells whose memberships are there now; `PresenceStore` in production."""

    def members(self, memberships: Collection[Membership]) -> dict[Membership, str]:
        """Return the user of each of some memberships, as far as they are there now."""
        ...


class Notes(MembershipUsers, Protocol):
    """What was noted of memberships and people; `PresenceStore` in production."""

    def whose(self, memberships: Collection[Membership]) -> dict[Membership, str]:
        """Return the user that each of some memberships was noted with."""
        ...

    def note_whose(self, memberships: Mapping[Membership, str], gone: Iterable[Membership]) -> None:
        """Note the users of memberships, and forget those of memberships that are gone."""
        ...

    def standings(self, people: Collection[Person]) -> dict[Person, Standing]:
        """Return what was told of some people."""
        ...

    def note(self, standings: Mapping[Person, Standing]) -> None:
        """Write what is told of people."""
        ...


class LeavingNotes(MembershipUsers, Protocol):
    """Notes who has left; `PresenceStore` in production."""

    def mark_left(self, person: Person, check: str) -> bool:
        """Note that a person is not there; False unless this is the check of who left last."""
        ...

    def unmark_left(self, person: Person, check: str) -> None:
        """Take that back."""
        ...


class UsersConnections(Protocol):
    """Reads the room of a user; `RoomStore` in production."""

    def members(self, room: str, shard: int, *, size: int) -> Iterator[Member]:
        """Yield all members of a shard."""
        ...


class CheckQueue(Protocol):
    """Delivers checks after the grace; `runtime.presence` in production."""

    def __call__(self, room: str, user_ids: list[str], check: str) -> None:
        """Queue the check of whether users are still away."""
        ...
