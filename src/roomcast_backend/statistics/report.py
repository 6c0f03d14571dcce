"""The report of the statistics."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from roomcast.rooms import kinds
from roomcast_backend.stores import counters
from roomcast_backend.stores.counters import Counter

if TYPE_CHECKING:
    from roomcast_backend.statistics.ports import CounterReader


class Statistics:
    """Reads the counters. They follow the tables within seconds."""

    def __init__(self, store: "CounterReader", *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def read(self, *, rooms: bool = False) -> dict[str, Any]:
        """Return the statistics; with `rooms` also single rooms and their members."""
        now = int(self._clock())
        body: dict[str, Any] = {
            "connections": self._store.total(Counter(counters.CONNECTIONS)),
            "rooms": {_label(kind): self._store.total(counters.members(kind)) for kind in kinds()},
            "events_emitted": self._store.total(Counter(counters.EVENTS)),
            "uptime_seconds": now - self._store.started_at(now=now),
        }
        if rooms:
            body["detail"] = self._single_rooms()
        return body

    def _single_rooms(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for kind in kinds():
            found |= self._store.parts(counters.room_members(kind, "").name)
        return dict(sorted(found.items()))


def _label(kind: str) -> str:
    return kind if kind == "global" else f"{kind}:*"
