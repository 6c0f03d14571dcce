"""The log of a room as values: entries at positions, and what was under way at each of them.

Every event of a room gets the next position, in one write of the room's head, before anybody is
posted to. That write also tells which events had a position and were still being delivered: they
are `pending`. So an entry is a snapshot: whoever has got it has got every event with a smaller
position that is not among its pending ones.

https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT has the same
idea for transactions. No I/O.
"""

from dataclasses import dataclass

from roomcast.envelope import Envelope


@dataclass(frozen=True, slots=True)
class Last:
    """What a room knows of a publisher: the largest number of its events, and its position."""

    number: int
    position: int


def is_late(event: Envelope, last: Last | None) -> bool:
    """Tell whether a later event of the same publisher was there before."""
    return bool(event.publisher) and last is not None and last.number > event.number


def order_of(event: Envelope, position: int, last: Last | None) -> int:
    """Return the position with which an event counts: a late one's is not larger than the last's.

    That one is newer by its number, so where positions are equal the numbers decide.
    """
    return min(position, last.position) if last is not None and is_late(event, last) else position


@dataclass(frozen=True, slots=True)
class Placed:
    """An event's place in the log of a room.

    `pending` are the positions of other events that were under way when it was given. `is_late`
    says that a later event of the same publisher has a smaller position, `order` is the position
    that it counts with (`order_of`). `mark` is what the head holds for the event, `surplus` are
    attributes of the head that are of no more use.
    """

    room: str
    position: int
    pending: frozenset[int] = frozenset()
    is_late: bool = False
    order: int = 0
    mark: int = 0
    surplus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """What is logged at a position; `logged_at` is epoch milliseconds.

    `envelope` is None where nothing is to be delivered: the position was given to a repeat of an
    event, or to one that is at another position now. `order` is the position that the event counts
    with (`order_of`), as it was when the entry was written.
    """

    room: str
    position: int
    envelope: Envelope | None
    logged_at: int
    order: int
    pending: frozenset[int] = frozenset()

    @property
    def event_id(self) -> str:
        """The id of the event, empty without one."""
        return self.envelope.id if self.envelope else ""

    @property
    def event_key(self) -> str:
        """The key of the event (`Envelope.key`), empty without one."""
        return self.envelope.key if self.envelope else ""


@dataclass(frozen=True, slots=True)
class LogHead:
    """The newest position of a room, and the positions of the events that are under way.

    `is_certain` is False while the log cannot tell all that a client may have missed: so much was
    under way that some of it is not noted, or containers of a version without positions may have
    logged events. `may_have_older` says that these may be there.
    """

    seq: int
    under_way: frozenset[int] = frozenset()
    is_certain: bool = True
    may_have_older: bool = False
