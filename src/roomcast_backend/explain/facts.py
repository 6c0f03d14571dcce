"""What is known when somebody asks why a user did not get an event, as values.

Times are epoch milliseconds. No I/O.
"""

from dataclasses import dataclass, field
from typing import Final

from roomcast.rooms import Room
from roomcast_backend.model.connection import Connection, Member
from roomcast_backend.model.ended_access import NOTHING_ENDED, EndedAccess

MARGIN_MS: Final = 2_000
"""How far clocks of two containers, and the seconds that memberships are noted in, may be apart."""


@dataclass(frozen=True, slots=True)
class FanOut:
    """One known event's fan-out; `ended_at` is 0 as long as a part of it is to be done."""

    event_type: str
    begun_at: int
    ended_at: int = 0
    queued: int = 0


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """One room of the event, in its order of precedence.

    `seq` is None while it is unknown, `replay_until` 0 where no replay brings the event any more.
    """

    room: Room
    seq: int | None = None
    is_left_out: bool = False
    replay_until: int = 0


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """One connection, or session, of the user, with its memberships in rooms of the event."""

    connection: Connection
    memberships: dict[str, Member] = field(default_factory=dict)
    ended: EndedAccess = NOTHING_ENDED

    @property
    def connected_at(self) -> int:
        """When it was connected."""
        return self.connection.connected_at * 1000
