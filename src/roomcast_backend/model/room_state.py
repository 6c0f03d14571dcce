"""What is known of one entity in a room, from all events that told of it; no I/O.

workflow.started   {"status": "running", "total_steps": 4}
workflow.progress  {"status": "running", "progress": 25, "current_step": "Test"}
   ─▶ type workflow.progress, {"status": "running", "total_steps": 4, "progress": 25, …}

Each field has the value of the newest event that gave it, and keeps when that was. So events may
come in any order, and twice: the result is the same. Of one publisher the larger number is newer,
of several the larger position in the room. A late event has a position larger than that of a newer
event of its publisher; it counts as if it had come just before that one. Where several publishers
tell of an entity, the last stamps that newer values have replaced are remembered for that.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from roomcast.envelope import Envelope, encode
from roomcast.state_events import ADDITIONS, PASSING

HOUR: Final = 3600
DAY: Final = 24 * HOUR

SECONDS: Final = {
    "project": 30 * DAY,
    "agent": 30 * DAY,
    "pr": 30 * DAY,
    "issue": 30 * DAY,
    "workflow": 7 * DAY,
    "suggestion": DAY,
}
"""How long an entity is kept after its newest event, by what it is."""

OWN_SECONDS: Final = DAY
"""The same for entities of events of one's own."""

ENDED_SECONDS: Final = HOUR
"""The same once its newest event has ended it: pages that are open then have been told."""

ENDING: Final = (
    "project.deleted",
    "workflow.completed",
    "workflow.failed",
    "pr.closed",
    "issue.closed",
)

CLEARED: Final = {"issue": ("priority", "assigned_to")}
"""Fields whose null says that there is none (any more): of all others it says nothing.

Whoever publishes an event about an issue gives both, and GitHub's webhooks tell both each time.
"""

OF_NEWEST: Final = (*ADDITIONS, *PASSING)
"""Fields of the entities above that belong to the newest event: an older one's say nothing of now.
"""

FORGET_SECONDS: Final = DAY
"""How much longer a row is kept than anybody gets it: so an event that comes very late, out of the
dead letters, does not begin an entity anew that has ended."""

MOST_PASSED: Final = 8
"""Stamps of replaced values that are remembered: a late event is mostly late by one or two."""

MOST_BYTES: Final = 256 * 1024
"""Of all fields of an entity, as JSON with their names and stamps; the largest are left out beyond
it. A row has 400 KB."""

FIELD_BYTES: Final = 128
"""What a field takes in a row beside its name and value: its stamp, which several may share."""

LEFT_OUT_BYTES: Final = 8 * 1024
"""Of the fields that are left out; what is beyond it in the order of names is forgotten."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something was told: the event's order in its room, and its place at its publisher."""

    order: int
    publisher: str = ""
    number: int = 0

    def is_newer_than(self, other: Self) -> bool:
        """Tell whether this comes after another one; nothing comes after itself."""
        if self.publisher and self.publisher == other.publisher:
            return self.number > other.number
        return self.order > other.order


@dataclass(frozen=True, slots=True)
class Told:
    """A value and when it was told; one that is too large is not `kept`."""

    value: Any
    stamp: Stamp
    kept: bool = True

    @property
    def is_null(self) -> bool:
        """Tell whether this is null, which says nothing of most fields."""
        return self.kept and self.value is None


@dataclass(frozen=True, slots=True)
class EntityState:
    """One entity, `<type of entity>:<id>`: its newest event, and the newest value of each field.

    `event` has no data. `seq` is its position in the room. Nobody gets the entity from `until`
    on (epoch seconds). `passed` are stamps of values that are replaced.
    """

    entity: str
    event: Envelope
    seq: int
    stamp: Stamp
    until: int
    fields: Mapping[str, Told] = field(default_factory=dict)
    passed: frozenset[Stamp] = frozenset()

    @property
    def stamps(self) -> frozenset[Stamp]:
        """All that is known of when its events came."""
        return self.passed | {self.stamp, *(told.stamp for told in self.fields.values())}

    def envelope(self, room: str) -> Envelope:
        """Return the newest event with all that is known as its data."""
        data = {name: told.value for name, told in self.fields.items() if told.kept}
        return replace(self.event, rooms=(room,), data=data, seqs={room: self.seq})

    @property
    def left_out(self) -> list[str]:
        """The fields that were too large to be kept."""
        return sorted(name for name, told in self.fields.items() if not told.kept)


def tell(
    known: EntityState | None, entity: str, event: Envelope, *, seq: int, order: int, now: int
) -> EntityState:
    """Return what is known of an entity after an event; `known` itself when it tells nothing new.

    `seq` is the event's position in the room, `order` the position that it counts with, `now` is
    epoch seconds.
    """
    stamp = _stamp(event, order, known.stamps if known else ())
    bare = replace(event, data={}, reference=None, link=None, seqs={}, state_key="")
    new = EntityState(entity, bare, seq, stamp, now + _seconds(entity, event.type))
    is_newest = known is None or stamp.is_newer_than(known.stamp)
    if known is None or (is_newest and known.until <= now):
        return _fitting(replace(new, fields=_told(event.data, stamp)))
    fields = dict(_merged(entity, known, event.data, stamp, is_newest=is_newest))
    merged = replace(new if is_newest else known, fields=fields, passed=frozenset())
    passed = _passed({*known.stamps, stamp}, merged.stamps)
    if not is_newest and fields == known.fields and passed == known.passed:
        return known
    return _fitting(replace(merged, passed=passed))


def _stamp(event: Envelope, order: int, others: Iterable[Stamp]) -> Stamp:
    """Return when an event counts: not later than newer ones of its publisher."""
    newer = (
        each.order
        for each in others
        if event.publisher and each.publisher == event.publisher and each.number > event.number
    )
    return Stamp(min([order, *newer]), event.publisher, event.number)


def _passed(every: set[Stamp], there: frozenset[Stamp]) -> frozenset[Stamp]:
    """Return the newest stamps that nothing has any more, none where all are of one publisher."""
    if len({stamp.publisher for stamp in every}) == 1:
        return frozenset()
    gone = [stamp for stamp in every if stamp.publisher and stamp not in there]
    return frozenset(sorted(gone, key=lambda stamp: stamp.order)[-MOST_PASSED:])


def _merged(
    entity: str, known: EntityState, data: Mapping[str, Any], stamp: Stamp, *, is_newest: bool
) -> Iterator[tuple[str, Told]]:
    """Yield each field with the newer of the two values."""
    kind = _kind(entity)
    of_newest = OF_NEWEST if kind in SECONDS else ()
    cleared = CLEARED.get(kind, ())
    for name, old in known.fields.items():
        if name not in data and (name not in of_newest or not is_newest):
            yield name, old
    for name, value in data.items():
        new, before = Told(value, stamp), known.fields.get(name)
        if is_newest and name in of_newest:
            yield name, new
        elif before is not None:
            kept = name in of_newest
            yield name, before if kept else _newer(before, new, cleared=name in cleared)
        elif name not in of_newest:
            yield name, new


def _newer(old: Told, new: Told, *, cleared: bool) -> Told:
    """Return the value that counts: the newer one, of those that say anything."""
    if not cleared and (new.is_null or old.is_null):
        return old if new.is_null else new
    return new if new.stamp.is_newer_than(old.stamp) else old


def _told(data: Mapping[str, Any], stamp: Stamp) -> dict[str, Told]:
    return {name: Told(value, stamp) for name, value in data.items()}


def _fitting(state: EntityState) -> EntityState:
    """Return the state without its largest values, until the others are small enough."""
    sizes = {name: _size(name, told) for name, told in state.fields.items()}
    if sum(sizes.values()) <= LEFT_OUT_BYTES:
        return state
    kept = sum(sizes[name] for name, told in state.fields.items() if told.kept)
    fields = dict(state.fields)
    for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if kept > MOST_BYTES and fields[name].kept:
            fields[name] = Told(None, fields[name].stamp, kept=False)
            kept -= sizes[name]
    left = 0
    for name in sorted(name for name, told in fields.items() if not told.kept):
        left += _size(name, fields[name])
        if left > LEFT_OUT_BYTES:
            del fields[name]
    return replace(state, fields=fields) if fields != state.fields else state


def _size(name: str, told: Told) -> int:
    """Return the bytes of a field in a row; the value of one that is not kept is null there."""
    return len(encode(name).encode()) + len(encode(told.value).encode()) + FIELD_BYTES


def _seconds(entity: str, event_type: str) -> int:
    if event_type in ENDING:
        return ENDED_SECONDS
    return SECONDS.get(_kind(entity), OWN_SECONDS)


def _kind(entity: str) -> str:
    return entity.partition(":")[0]
