"""Replays to a client what it missed while it was away, from the logs of its rooms.

What it missed is found by `missed`. Whatever the number of rooms, one answer posts no more than its
`Budget` (`gateway.paced_posts`): beyond that the client is told that it has missed more.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import TYPE_CHECKING

from roomcast_backend.gateway.paced_posts import Budget, PacedPosts
from roomcast_backend.inbound.missed import Missed, MissedEvents, Since
from roomcast_backend.model.connection import Connection
from roomcast_backend.model.room_log import Entry
from roomcast_backend.model.type_filter import EVERYTHING
from roomcast_backend.protocol.event_frame import EventFrames

if TYPE_CHECKING:
    from roomcast_backend.inbound.ports import FanOutTimes, RoomLogReader


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many events were posted, and whether the client can have missed no other."""

    count: int
    complete: bool


class Replay:
    """Posts missed events; `keep` is for how many seconds the log keeps events."""

    def __init__(
        self,
        log: "RoomLogReader",
        fan_outs: "FanOutTimes",
        posts: PacedPosts,
        *,
        frames: EventFrames,
        keep: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._missed = MissedEvents(log, fan_outs, keep=keep, clock=clock)
        self._posts = posts
        self._encode = frames.encode
        self._clock = clock

    def budget(self) -> Budget:
        """Return what one answer may post; several replays of the same answer share it."""
        return self._posts.budget()

    def post(
        self,
        session: Connection,
        rooms: Iterable[str],
        *,
        since: str | int,
        budget: Budget | None = None,
    ) -> Replayed:
        """Post what came to some of a session's rooms after the event `since`.

        The events of a room come in the order of their positions. The session must be in these
        rooms already, so that no event is lost between the replay and the fan-out; an event of that
        moment may be posted twice. Of each room only those come that the session's filter takes.
        """
        budget = budget or self.budget()
        tenant = session.principal.tenant if session.principal else ""
        resolved = self._missed.resolve(since, tenant=tenant)
        if resolved is None:
            return Replayed(0, complete=False)
        found, complete = self._find(rooms, resolved, budget)
        for missed in found:
            missed.entries = [each for each in missed.entries if _is_wanted(each, session)]
        frames, all_fit = self._frames(session.protocol, _in_order(found), budget)
        count = self._posts.post(session.id, frames, until=budget.until)
        return Replayed(count, complete and all_fit and count == len(frames))

    def _find(
        self, rooms: Iterable[str], since: Since, budget: Budget
    ) -> tuple[list[Missed], bool]:
        """Return what was missed in each room, and whether that is all."""
        found: list[Missed] = []
        left = budget.events
        complete = True
        for room in rooms:
            if self._clock() >= budget.until or not complete:
                return found, False
            missed = self._missed.in_room(room, since, most=left)
            left -= len(missed.entries)
            complete = missed.complete and left >= 0
            found.append(missed)
        return found, complete

    def _frames(
        self, protocol: str, entries: Iterable[Entry], budget: Budget
    ) -> tuple[list[bytes], bool]:
        """Return the frames that an answer has room for, and whether these are all."""
        frames: list[bytes] = []
        for entry in entries:
            if entry.envelope is None:
                continue
            frame = self._encode(protocol, entry.envelope, entry.room)
            if not budget.takes(frame):
                return frames, False
            frames.append(frame)
        return frames, True


def _is_wanted(entry: Entry, session: Connection) -> bool:
    """Tell whether the session wants the event of an entry from its room."""
    types = session.filters.get(entry.room, EVERYTHING)
    return entry.envelope is not None and types.takes(entry.envelope.type)


def _in_order(rooms: Sequence[Missed]) -> Iterator[Entry]:
    """Yield the entries of all rooms, each room's in its order; one copy of each event.

    The copy is that of the first of the event's rooms that wants it, as in its delivery.
    """
    found = {(each.event_id, each.room) for missed in rooms for each in missed.entries}
    for entry in merge(*(missed.entries for missed in rooms), key=lambda each: each.logged_at):
        if entry.envelope is None:
            continue
        first = next(room for room in entry.envelope.rooms if (entry.event_id, room) in found)
        if entry.room == first:
            yield entry
