"""What the service keeps of a room, read once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from roomcast.client.received import Received
from roomcast.client.session import Joined

if TYPE_CHECKING:
    from roomcast.client.session import Session

MOST: Final = 200
"""The most events that the service sends of a room at once, the newest ones."""


@dataclass(frozen=True, slots=True)
class History:
    """The events of a room in the order of positions; `complete` if these are all that were asked.

    Where the beginning of all that is kept was asked for, it is complete with less than 200.
    """

    events: tuple[Received, ...]
    complete: bool


async def read(session: "Session", room: str, *, from_the_beginning: bool) -> History:
    """Return what comes of a room before its `subscribe` is answered."""
    events: list[Received] = []
    async for item in session.items():
        if isinstance(item, Received) and item.room == room:
            events.append(item)
        elif isinstance(item, Joined):
            complete = len(events) < MOST if from_the_beginning else bool(item.recovered)
            return History(tuple(events), complete)
    return History(tuple(events), complete=False)
