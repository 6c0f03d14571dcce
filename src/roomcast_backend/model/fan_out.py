"""What is kept of an event's fan-out beside how far it has come: small, in its one row; no I/O.

It is written with the updates that are made anyway. A row of up to 1 KB costs one write unit, so
of many rooms the first ones are kept, and the log has them all.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from roomcast.envelope import Envelope, encode
from roomcast_backend.model.room_log import Placed

MOST_BYTES: Final = 500
"""Of the names of rooms; with positions, key and times the row stays below 1 KB."""


@dataclass(frozen=True, slots=True)
class FanOutRecord:
    """One event's fan-out; `begun_at` and `ended_at` are epoch milliseconds, 0 for not yet.

    `rooms` are stored names, `places` the position in each of them, 0 where the event was left out,
    empty before the fan-out is complete. `more_rooms` counts those that are not kept. `queued`
    counts parts that wait in the queue, `posts` those posts that were taken, a repeat once more. A
    row of an earlier version has neither `type` nor rooms.
    """

    begun_at: int
    ended_at: int = 0
    is_complete: bool = False
    queued: int = 0
    posts: int = 0
    type: str = ""
    timestamp: str = ""
    rooms: tuple[str, ...] = ()
    places: tuple[int, ...] = ()
    more_rooms: int = 0

    @property
    def has_ended(self) -> bool:
        """Whether every member was posted to, and nothing waits in the queue."""
        return self.is_complete and not self.queued

    def place(self, room: str) -> int | None:
        """Return the event's position in a room, 0 where it was left out; None if unknown."""
        return dict(zip(self.rooms, self.places, strict=False)).get(room)


def kept_rooms(rooms: Iterable[str]) -> tuple[str, ...]:
    """Return the first rooms of an event, as many as are kept."""
    kept: list[str] = []
    size = 0
    for room in rooms:
        size += len(room.encode()) + 3
        if size > MOST_BYTES:
            break
        kept.append(room)
    return tuple(kept)


def told(event: Envelope) -> str:
    """Return what is kept of an event when its fan-out begins, as JSON."""
    kept = kept_rooms(event.rooms)
    facts = {"type": event.type, "timestamp": event.timestamp, "rooms": kept}
    more = len(event.rooms) - len(kept)
    return encode({**facts, "more": more} if more else facts)


def placed(event: Envelope, places: Iterable[Placed]) -> str:
    """Return what is kept of an event's places when its fan-out is complete, as JSON."""
    positions = {place.room: place.position for place in places}
    return encode([positions.get(room, 0) for room in kept_rooms(event.rooms)])


def record(
    begun_at: int,
    event: str,
    places: str,
    *,
    ended_at: int,
    complete: bool,
    queued: int,
    posts: int,
) -> FanOutRecord:
    """Read what `told` and `placed` have written; they are empty where they are not there."""
    facts = json.loads(event or "{}")
    return FanOutRecord(
        begun_at=begun_at,
        ended_at=ended_at,
        is_complete=complete,
        queued=queued,
        posts=posts,
        type=facts.get("type", ""),
        timestamp=facts.get("timestamp", ""),
        rooms=tuple(facts.get("rooms", ())),
        places=tuple(json.loads(places or "[]")),
        more_rooms=facts.get("more", 0),
    )
