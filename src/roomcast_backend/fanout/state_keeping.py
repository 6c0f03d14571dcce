"""Keeps what an event tells of an entity, beside its delivery.

The row is read while the event gets its positions, and written while members are posted to: no
post comes later for it. The write is done before the fan-out is complete, so an event whose fan-out
ends in the middle is kept by its repeat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from roomcast.envelope import Envelope
from roomcast.state_events import STATE_EVENTS, entity_of, may_tell_state, says_all
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.model.room_log import Placed
from roomcast_backend.model.room_state import EntityState
from roomcast_backend.stores.room_states import Row

if TYPE_CHECKING:
    from roomcast_backend.fanout.ports import StateWriter

SOON_MS = 1000
"""Below so many milliseconds one event comes soon after another."""


class DataReader(Protocol):
    """Reads the data of large events; `LargeData` of the stores in production."""

    def data(self, envelope: Envelope) -> dict[str, Any]:
        """Return the data of an event, wherever it stands."""
        ...


@dataclass(frozen=True, slots=True)
class Keeping:
    """An event with all its data, its entity, and the rows of that as they were read."""

    event: Envelope
    entity: str
    known: Mapping[str, Row]


class StateKeeper:
    """Keeps the state of rooms."""

    def __init__(self, states: "StateWriter", data: DataReader) -> None:
        self._states = states
        self._data = data

    def wants(self, envelope: Envelope) -> bool:
        """Tell whether an event may tell of an entity, and whether any of its rooms keeps it."""
        return may_tell_state(envelope) and any(map(self._states.keeps, envelope.rooms))

    def read(self, envelope: Envelope) -> Keeping | None:
        """Return what is known of an event's entity; None when it tells of none.

        Rows that cannot be read are no failure: writing them finds what they hold.
        """
        event = replace(envelope, data=self._data.data(envelope), reference=None)
        entity = entity_of(event)
        if not entity:
            return None
        try:
            known = self._states.read(entity, envelope.rooms)
        except AwsError:
            known = {}
        return Keeping(event, entity, known)

    def note(self, keeping: Keeping, places: Sequence[Placed], *, now: float) -> None:
        """Merge the event into the rows; raise `AwsError`, after which it can be repeated."""
        self._states.note(keeping.entity, keeping.event, places, known=keeping.known, now=int(now))


def soon_after(keeping: Keeping | None) -> int | None:
    """Return how many milliseconds after another event this one came, if that is below 1,000.

    The other one is the newest that is known of the entity. It counts where a publisher with
    `at_most` could have left it out: of the same publisher and type, and this one says all that it
    says. None for all others, and where the rooms keep no state.
    """
    if keeping is None:
        return None
    gaps = (_gap(keeping.event, row.state) for row in keeping.known.values() if row.state)
    return min((gap for gap in gaps if gap is not None), default=None)


def _gap(event: Envelope, known: EntityState) -> int | None:
    before = known.event
    if event.type not in STATE_EVENTS and not event.state_key:
        return None
    if not before.publisher or (before.type, before.publisher) != (event.type, event.publisher):
        return None
    said = {name: each.value for name, each in known.fields.items() if each.stamp == known.stamp}
    if event.number <= before.number or not says_all(event, replace(before, data=said)):
        return None
    try:
        moments = [datetime.fromisoformat(each.timestamp) for each in (before, event)]
        gap = round((moments[1] - moments[0]).total_seconds() * 1000)
    except (ValueError, TypeError):
        return None  # not a time, or one with a zone and one without
    return gap if 0 <= gap < SOON_MS else None
