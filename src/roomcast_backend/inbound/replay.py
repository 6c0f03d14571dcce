"""Replays to a client what it missed while it was away, from the log of its rooms.

Ids are UUIDv7 and so sort by the time at which their publishers made them. An event can be logged
after one with a larger id, when it was longer on its way:

id 1 ──────────────▶ logged second      a client that got 2 and then left has missed 1
id 2 ────▶ logged first

And of two events whose fan-outs ran at the same moment, the client may have got the later one only.
So what is replayed is every event with a larger id than the last one that the client got, and those
with a smaller id that were logged later than it, or whose fan-out had not ended by then.
"""

import re
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from roomcast.envelope import Envelope
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.model.connection import Connection
from roomcast_backend.protocol.event_frame import EventFrames
from roomcast_backend.stores.events import Logged

if TYPE_CHECKING:
    from roomcast_backend.gateway.port import Gateway
    from roomcast_backend.inbound.ports import EventLog

MAX_REPLAYED = 200
"""Events in one replay. A client that missed more should ask its backend for the current state."""

MAX_DELAY_MS = 60_000
"""The longest that an event may take from its publisher to the log, in milliseconds."""

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many events were posted, and whether the client can have missed no other."""

    count: int
    complete: bool


class Replay:
    """Posts missed events; `keep` is for how many seconds the log keeps events."""

    def __init__(
        self,
        events: "EventLog",
        gateway: "Gateway",
        *,
        frames: EventFrames,
        keep: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._events = events
        self._gateway = gateway
        self._keep = keep
        self._frames = frames
        self._clock = clock

    def post(self, session: Connection, rooms: Iterable[str], *, since: str) -> Replayed:
        """Post what came to some of a session's rooms after the event `since`, in order of ids.

        The session must be in these rooms already, so that no event is lost between the replay and
        the fan-out; an event of that moment may be posted twice.
        """
        if not self._is_within_log(since):
            return Replayed(0, complete=False)
        missed, complete = self._missed(rooms, since)
        for count, (envelope, room) in enumerate(missed):
            frame = self._frames.encode(session.protocol, envelope, room)
            if self._gateway.post(session.id, frame) is not Outcome.SENT:
                return Replayed(count, complete=False)
        return Replayed(len(missed), complete)

    def _missed(self, rooms: Iterable[str], since: str) -> tuple[list[tuple[Envelope, str]], bool]:
        """Return the missed events with the room of each, and whether these are all."""
        found: dict[str, tuple[Envelope, str]] = {}
        complete = True
        earlier: dict[str, list[Logged]] = {}
        for room in rooms:
            later = self._events.after(room, since, limit=MAX_REPLAYED + 1)
            complete = complete and len(later) <= MAX_REPLAYED
            _note(found, later, room)
            earlier[room] = self._events.between(room, _id_before(since), since)
        overtaken = self._overtaken(earlier.values(), since)
        for room, log in earlier.items():
            _note(found, (item for item in log if item.envelope.id in overtaken), room)
        return [found[event_id] for event_id in sorted(found)], complete

    def _overtaken(self, logs: Collection[list[Logged]], since: str) -> frozenset[str]:
        """Return the ids of earlier events that the one of id `since` may have overtaken.

        An id that is in none of the logs, such as that of the greeting, counts as logged when it
        was made.
        """
        all_of_them = [item for log in logs for item in log]
        reached = max(
            (item.logged_at for item in all_of_them if item.envelope.id == since),
            default=_milliseconds(since),
        )
        others = [item for item in all_of_them if item.envelope.id != since]
        later = {item.envelope.id for item in others if item.logged_at > reached}
        before = {item.envelope.id for item in others} - later
        return frozenset(later) | self._events.under_way(before, at=reached)

    def _is_within_log(self, since: str) -> bool:
        """Tell whether an id is that of an event, and the log holds everything since then."""
        if _UUID7.fullmatch(since) is None:
            return False
        made, now = _milliseconds(since), self._clock() * 1000
        return now - self._keep * 1000 < made - MAX_DELAY_MS and made < now + MAX_DELAY_MS


def _note(found: dict[str, tuple[Envelope, str]], logged: Iterable[Logged], room: str) -> None:
    for item in logged:
        found.setdefault(item.envelope.id, (item.envelope, room))


def _milliseconds(event_id: str) -> int:
    return int(event_id[:8] + event_id[9:13], 16)


def _id_before(event_id: str) -> str:
    """Return a string that sorts before every id that was made in the `MAX_DELAY_MS` before."""
    earlier = f"{_milliseconds(event_id) - MAX_DELAY_MS:012x}"
    return f"{earlier[:8]}-{earlier[8:]}"
