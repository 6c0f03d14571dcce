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
class Placed:
    """An event's place in the log of a room.

    `pending` are the positions of other events that were under way when it was given. `is_late`
    says that a later event of the same publisher has a smaller position. `mark` is what the head
    holds for the event, `surplus` are attributes of the head that are of no more use.
    """

    room: str
    position: int
    pending: frozenset[int] = frozenset()
    is_late: bool = False
    mark: int = 0
    surplus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """What is logged at a position; `logged_at` is epoch milliseconds.

    `envelope` is None where nothing is to be delivered: the position was given to a repeat of an
    event, or to one that is at another position now.
    """

    room: str
    position: int
    envelope: Envelope | None
    logged_at: int
    pending: frozenset[int] = frozenset()

    @property
    def event_id(self) -> str:
        """The id of the event, empty without one."""
        return self.envelope.id if self.envelope else ""


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
