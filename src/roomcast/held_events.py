"""Which events of a broadcaster with `at_most` are held, and which are sent; see `conflation`.

Types of one entity share its time, so that they stay in order; the shortest of theirs counts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from roomcast.backoff import Backoff
from roomcast.state_events import says_all

if TYPE_CHECKING:
    from roomcast.publisher import Prepared

MOST_WAITING = 20
"""Events of one entity that are held at a time. When none of them can be replaced, the next one is
sent with them at once, and its caller is told what became of it."""

FORGET_EVERY = 1000
"""After so many entities those are forgotten of which nothing was published for a window."""

RETRY = Backoff(base=1.0, cap=60.0, attempts=0)
"""Held events that the bus did not accept are tried again: their publishers were told `True`."""


@dataclass(slots=True)
class _Entity:
    """What is known of one entity: when something of it was sent, and what waits."""

    sent: float
    due: float
    failures: int = 0
    waiting: "list[Prepared]" = field(default_factory=list)


class Window:
    """Decides what is held and what is sent; reads no clock: `now` is monotonic seconds."""

    def __init__(self, at_most: Mapping[str, float]) -> None:
        self._at_most = at_most
        self._entities: dict[str, _Entity] = {}

    def limits(self, event_type: str) -> bool:
        """Tell whether events of a type may have to wait."""
        return event_type in self._at_most

    @property
    def limits_any(self) -> bool:
        """Tell whether there are such types."""
        return bool(self._at_most)

    def is_full(self, key: str) -> bool:
        """Tell whether no further event of an entity can wait."""
        entity = self._entities.get(key)
        return entity is not None and len(entity.waiting) >= MOST_WAITING

    def take(
        self, event: "Prepared", key: str, now: float, *, busy: bool = False
    ) -> "list[Prepared]":
        """Return what is to be sent now, in order: nothing, or what waited and the event.

        `busy` says that an event of the entity is being sent: then this one waits.
        """
        entity = self._entities.get(key)
        if entity is None:
            if not self.limits(event.envelope.type):
                return [event]
            self._forget_quiet(now)
            entity = self._entities[key] = _Entity(sent=-float("inf"), due=-float("inf"))
        entity.waiting = [each for each in entity.waiting if not _replaces(event, each)]
        if self.limits(event.envelope.type):
            if any(_replaces(each, event) for each in entity.waiting):
                return []  # another thread, whose event came later, was faster
            interval = self._at_most[event.envelope.type]
            in_window = now < max(entity.sent + interval, entity.due if entity.failures else 0)
            if (busy or entity.waiting or in_window) and len(entity.waiting) < MOST_WAITING:
                ends = entity.sent + interval
                if not entity.failures:
                    entity.due = min(entity.due, ends) if entity.waiting else ends
                entity.waiting = _in_order([*entity.waiting, event])
                return []
        released, entity.waiting, entity.sent = _in_order([*entity.waiting, event]), [], now
        return released

    def due(self, now: float, busy: Collection[str] = ()) -> "list[Prepared]":
        """Return what has waited long enough, in order for each entity."""
        released: list[Prepared] = []
        for key, entity in self._entities.items():
            if entity.waiting and entity.due <= now and key not in busy:
                released += entity.waiting
                entity.waiting, entity.sent = [], now
        return released

    def next_due(self, busy: Collection[str] = ()) -> float | None:
        """Return when something is due next; None when nothing waits."""
        dues = (
            entity.due
            for key, entity in self._entities.items()
            if entity.waiting and key not in busy
        )
        return min(dues, default=None)

    def everything(self) -> "list[Prepared]":
        """Return all that waits."""
        return self.due(float("inf"))

    def settle(self, key: str, failed: "Sequence[Prepared]", now: float) -> None:
        """Note how sending an entity's held events went: those that failed wait again."""
        entity = self._entities.get(key)
        if entity is None:
            return
        if not failed:
            entity.failures = 0
            return
        left = [each for each in failed if not any(_replaces(new, each) for new in entity.waiting)]
        entity.waiting = [*left, *entity.waiting]
        entity.due = now + RETRY.longest(entity.failures)
        entity.failures += 1

    def _forget_quiet(self, now: float) -> None:
        if len(self._entities) % FORGET_EVERY != FORGET_EVERY - 1:
            return
        longest = max(self._at_most.values(), default=0)
        self._entities = {
            key: entity
            for key, entity in self._entities.items()
            if entity.waiting or now < entity.sent + longest
        }


def _replaces(one: "Prepared", other: "Prepared") -> bool:
    """Tell whether an event of the same entity makes an earlier one superfluous."""
    new, old = one.envelope, other.envelope
    if new.number <= old.number or not set(new.rooms).issuperset(old.rooms):
        return False
    if old.state_key and new.type != old.type:
        return False  # what fields of the same name mean in another own type is not known
    return says_all(new, old)


def _in_order(events: "list[Prepared]") -> "list[Prepared]":
    return sorted(events, key=lambda each: each.envelope.number)
