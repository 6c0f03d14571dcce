"""Follows the memberships of rooms: announces who came, and has it checked who may have left.

stream ─▶ read what is there, and what was noted ─▶ note people ─▶ announce who came
                                                      └─▶ queue checks ─▶ note memberships

Memberships are noted last: a batch that is cut off before is repeated by Lambda, finds the same
changes, and announces with the same ids. People are noted before they are announced. So somebody
who joins, and then reads who is there, either finds them or gets the event:

note ada ─▶ announce ada ─▶ its fan-out reads the members
      bob joins ─▶ bob reads who is there                        with ada
bob joins ─▶ bob reads who is there ─▶ note ada ─▶ announce ada ─▶ bob is one of the members

All records of one room come in one shard of the stream, one batch after the other, for only
`global` is split into several partitions, and that has no presence.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from roomcast.events.presence import PresenceJoined
from roomcast_backend.presence.announcements import Announcements
from roomcast_backend.presence.changes import (
    by_room,
    changes,
    memberships_of,
    name_of,
    standings_after,
    to_announce,
)
from roomcast_backend.stores.presence import standing_until

if TYPE_CHECKING:
    from roomcast_backend.presence.ports import CheckQueue, Notes

MOST_CHECKED: Final = 250
"""Users in one message of the queue: some 1,000 calls, which take less than 10 s."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What a batch came to: users that were announced, in how many events, and that are checked."""

    joined: int = 0
    events: int = 0
    checked: int = 0


class Arrivals:
    """Follows batches of the rooms' stream; every step can be repeated safely."""

    def __init__(
        self,
        notes: "Notes",
        announcements: Announcements,
        *,
        check_later: "CheckQueue",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._notes = notes
        self._announcements = announcements
        self._check_later = check_later
        self._clock = clock

    def follow(self, records: Sequence[Mapping[str, Any]]) -> Followed:
        """Announce who came with a batch of records; raise what makes Lambda repeat the batch."""
        batch, touched = name_of(records), memberships_of(records)
        there = self._notes.members(touched)
        found = changes(touched, self._notes.whose(touched), there)
        if not found.came and not found.went:
            return Followed()
        before = self._notes.standings(found.arrived | found.departed)
        after = standings_after(found, before, batch=batch, until=standing_until(self._clock()))
        self._notes.note(after)
        joined = to_announce(found.arrived, before, batch=batch)
        events = self._announcements.publish(PresenceJoined, joined, why=batch) if joined else 0
        departed = found.departed & after.keys()
        for room, users in by_room(departed, MOST_CHECKED):
            self._check_later(room, users, batch)
        self._notes.note_whose(found.came, found.went)
        return Followed(len(joined), events, len(departed))
