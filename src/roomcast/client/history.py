"""What the service keeps of a room, read once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from roomcast.client.received import Received
from roomcast.client.session import Joined, Told

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


LATE_SECONDS: Final = 2.0
"""How long to wait for events after the reply that counts them: it can overtake the last ones."""

Items = AsyncIterator[Received | Joined | Told]


async def read(session: "Session", room: str, *, from_the_beginning: bool) -> History:
    """Return what is replayed of a room when it is joined."""
    events: dict[str, Received] = {}
    items = session.items()
    joined = await _until_joined(items, room, events)
    if joined is None:
        return History(tuple(events.values()), complete=False)
    try:
        async with asyncio.timeout(LATE_SECONDS):
            while len(events) < joined.replayed:
                await _take(items, room, events)
    except (TimeoutError, StopAsyncIteration):
        return History(tuple(events.values()), complete=False)
    complete = len(events) < MOST if from_the_beginning else bool(joined.recovered)
    return History(tuple(events.values()), complete)


async def _until_joined(items: Items, room: str, events: dict[str, Received]) -> Joined | None:
    """Take what comes until the room is joined; None when the connection has ended before."""
    try:
        while not isinstance(item := await _take(items, room, events), Joined):
            pass
    except StopAsyncIteration:
        return None
    return item


async def _take(items: Items, room: str, events: dict[str, Received]) -> Received | Joined | Told:
    item = await anext(items)
    if isinstance(item, Received) and item.room == room:
        events[item.id] = item
    return item
