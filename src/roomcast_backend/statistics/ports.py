"""What this package asks of the stores.

Modules import this one for annotations only (`if TYPE_CHECKING`), so a cold start never loads it.
"""

from collections.abc import Mapping
from typing import Protocol

from roomcast_backend.model.event_count import EventCount
from roomcast_backend.stores.counters import Counter


class CounterReader(Protocol):
    """Sums counters; `CounterStore` in production."""

    def total(self, counter: Counter) -> int:
        """Return a counter, the sum of its shards; never below zero."""
        ...

    def parts(self, name: str) -> dict[str, int]:
        """Return all parts of a counter, each summed over the shards."""
        ...

    def started_at(self, *, now: int) -> int:
        """Return when the service was first asked this; both times are epoch seconds."""
        ...


class EventReader(Protocol):
    """Reads the counts of events; `EventCounts` in production."""

    def read(self, tenant: str = "") -> Mapping[str, EventCount]:
        """Return the counts by event type, of all events or those of a tenant."""
        ...
