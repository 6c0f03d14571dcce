"""Keeps what an event tells of an entity, beside its delivery.

The row is read while the event gets its positions, and written while members are posted to: no
post comes later for it. The write is done before the fan-out is complete, so an event whose fan-out
ends in the middle is kept by its repeat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from roomcast.envelope import Envelope
from roomcast.state_events import entity_of, may_tell_state
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.model.room_log import Placed
from roomcast_backend.stores.room_states import Row

if TYPE_CHECKING:
    from roomcast_backend.fanout.ports import StateWriter


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
