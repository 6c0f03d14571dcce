"""Finds what is current in a room: the rows of its entities, and what is not in them yet.

An event is written to its row beside its posts. Between its position and that write it is under
way, and the head of the room's log says so. So whoever asks reads the head first, then the entries
of what is under way, then the rows, and merges. Nothing falls between for a client that has joined
before:

join ─▶ head ─▶ entries under way ─▶ rows
          position ─▶ entry ─▶ row ─▶ mark removed

* The event has its position after the head was read: its members are read later, and the client is
  one of them.
* It is under way in the head: its entry is merged. If there is none yet, an empty one is written,
  as for a replay; the event then gets another position, and finds the client among the members.
* Its mark is removed: its row was written before, and is read later.

Events that the bus repeats, or that come out of the queues again, are in their entries and rows
already, or are delivered anew.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from roomcast.envelope import Envelope, StateMark
from roomcast.state_events import entity_of
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.model.room_log import Entry, LogHead
from roomcast_backend.model.room_state import EntityState, tell
from roomcast_backend.model.type_filter import EVERYTHING, TypeFilter
from roomcast_backend.stores import keys
from roomcast_backend.stores.room_states import PAGES

if TYPE_CHECKING:
    from roomcast_backend.state.ports import DataReader, StateReader, UnderWay

LONGEST_WRITE: Final = 120
"""Seconds from an event's entry to its row at most: how long `broadcast` may run, and a minute by
which two clocks may differ. If it ends before that, the event is delivered anew."""

MOST_RECENT: Final = 2000
"""Entries that are looked at where the head cannot tell what is under way."""


class Entity(NamedTuple):
    """One entity: the key to go on after, and its envelope, marked as a state."""

    key: str
    envelope: Envelope


class TooMuchUnderWay(AwsError):
    """Nobody can tell which events are not in the rows yet: the room has too many at once."""

    def __init__(self, room: str) -> None:
        message = f"more than {MOST_RECENT} events of {room} came within {LONGEST_WRITE} s"
        super().__init__("dynamodb", "Query", "TooMuchUnderWay", message=message)


class CurrentState:
    """Reads the state of rooms."""

    def __init__(
        self,
        states: "StateReader",
        log: "UnderWay",
        data: "DataReader",
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._states = states
        self._log = log
        self._data = data
        self._clock = clock

    def keeps(self, room: str) -> bool:
        """Tell whether the entities of a room are kept."""
        return self._states.keeps(room)

    def entities(
        self, room: str, *, types: TypeFilter = EVERYTHING, after: str = "", replayed: bool = False
    ) -> Iterator[Entity]:
        """Yield the entities of a room whose newest event `types` takes, in the order of keys.

        They are read as they are taken, after a key. Raises `AwsError` when a table does not
        answer, and `TooMuchUnderWay`.
        """
        now = int(self._clock())
        under_way = self._under_way(room, now, after)
        for key, state in _merged(self._rows(room, after), under_way, now):
            if state.until > now and types.takes(state.event.type):
                mark = StateMark(state.entity, tuple(state.left_out), replayed)
                yield Entity(key, replace(state.envelope(room), mark=mark))

    def _rows(self, room: str, after: str) -> Iterator[EntityState]:
        sizes = iter(PAGES)
        rows = next(sizes)
        while True:
            states, after = self._states.page(room, after=after, rows=rows)
            yield from states
            if not after:
                return
            rows = next(sizes, rows)

    def _under_way(self, room: str, now: int, after: str) -> dict[str, list["_Event"]]:
        """Return what is under way about entities after a key, by their keys, in key order."""
        head = self._log.head(room, now=now)
        found: dict[str, list[_Event]] = {}
        if head is None:
            return found
        for entry in self._entries(room, head, now):
            event = self._event(entry)
            if event is not None and keys.entity(event.entity) > after:
                found.setdefault(keys.entity(event.entity), []).append(event)
        return dict(sorted(found.items()))

    def _event(self, entry: Entry) -> "_Event | None":
        envelope = entry.envelope
        if envelope is None:
            return None
        whole = replace(envelope, data=self._data.data(envelope))
        entity = entity_of(whole)
        if not entity:
            return None
        return _Event(entity, whole, entry.position, entry.order)

    def _entries(self, room: str, head: LogHead, now: int) -> Iterable[Entry]:
        if not head.is_certain:
            return self._recent(room, now)
        there = self._log.at(room, head.under_way)
        holes = head.under_way - {entry.position for entry in there}
        return [*there, *(self._log.settle(room, hole, now=now) for hole in sorted(holes))]

    def _recent(self, room: str, now: int) -> Iterable[Entry]:
        """Return all entries whose events may not be in the rows: some marks are not known."""
        _, entries = self._log.newest_first(room, now=now)
        recent: list[Entry] = []
        for entry in entries:
            if entry.logged_at < (now - LONGEST_WRITE) * 1000:
                return recent
            recent.append(entry)
            if len(recent) > MOST_RECENT:
                raise TooMuchUnderWay(room)
        return recent


class _Event(NamedTuple):
    """An event about an entity, and its place in the room."""

    entity: str
    envelope: Envelope
    seq: int
    order: int


def _merged(
    rows: Iterator[EntityState], under_way: dict[str, list[_Event]], now: int
) -> Iterator[tuple[str, EntityState]]:
    """Yield each entity that has a row or an event under way, in the order of keys."""
    left = dict(under_way)
    for state in rows:
        key = keys.entity(state.entity)
        for earlier in [each for each in left if each < key]:
            yield earlier, _told(None, left.pop(earlier), now)
        yield key, _told(state, left.pop(key, []), now)
    for key, events in left.items():
        yield key, _told(None, events, now)


def _told(known: EntityState | None, events: list[_Event], now: int) -> EntityState:
    for event in events:
        known = tell(known, event.entity, event.envelope, seq=event.seq, order=event.order, now=now)
    if known is None:
        raise ValueError("neither a row nor an event")
    return known
