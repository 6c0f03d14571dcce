"""The report of the statistics."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from roomcast.rooms import GLOBAL, kinds
from roomcast_backend.stores import counters
from roomcast_backend.stores.counters import Counter

if TYPE_CHECKING:
    from roomcast_backend.statistics.ports import CounterReader


class Statistics:
    """Reads the counters. They follow the tables within seconds.

    `tenants` tells whether there are any: their connections are listed in the `global` of nobody.
    """

    def __init__(
        self,
        store: "CounterReader",
        *,
        tenants: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._tenants = tenants
        self._clock = clock

    def read(self, *, rooms: bool = False, tenant: str = "") -> dict[str, Any]:
        """Return the statistics for an admin of a tenant; with `rooms` also single rooms.

        Without a tenant, connections and events are those of the whole deployment.
        """
        now = int(self._clock())
        in_global = self._in_global(tenant)
        others = [kind for kind in kinds() if kind != GLOBAL.kind]
        members = {kind: self._store.total(counters.members(kind, tenant)) for kind in others}
        connections, events = Counter(counters.CONNECTIONS), Counter(counters.EVENTS)
        if tenant:
            events = counters.tenants_events(tenant)
        body: dict[str, Any] = {
            "connections": in_global if tenant else self._store.total(connections),
            "rooms": {GLOBAL.name: in_global, **{f"{kind}:*": n for kind, n in members.items()}},
            "events_emitted": self._store.total(events),
            "uptime_seconds": now - self._store.started_at(now=now),
        }
        if rooms:
            body["detail"] = self._single_rooms(tenant)
        return body

    def _in_global(self, tenant: str) -> int:
        """Return the members of a tenant's `global`: of nobody's, those who belong to no tenant."""
        if tenant:
            return self._store.total(counters.tenants_members(tenant))
        listed = self._store.total(counters.members(GLOBAL.kind))
        if not self._tenants:
            return listed
        return max(0, listed - sum(self._store.parts(counters.TENANTS).values()))

    def _single_rooms(self, tenant: str) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for kind in kinds():
            found |= self._store.parts(counters.room_members(kind, "", tenant).name)
        return dict(sorted(found.items()))
