"""The report of the statistics."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from roomcast.rooms import GLOBAL, kinds
from roomcast_backend.statistics import costs
from roomcast_backend.statistics.advice import Advice, advise
from roomcast_backend.statistics.costs import TypeCost
from roomcast_backend.stores import counters
from roomcast_backend.stores.counters import Counter

if TYPE_CHECKING:
    from roomcast_backend.model.event_count import EventCount
    from roomcast_backend.statistics.ports import CounterReader, EventReader

OUTCOMES = ("sent", "gone", "throttled", "too_large", "failed")
"""Of posts, as `gateway.posts.Outcome` names them."""


class Statistics:
    """Reads the counters. They follow the tables within seconds.

    `tenants` tells whether there are any: their connections are listed in the `global` of nobody.
    """

    def __init__(
        self,
        store: "CounterReader",
        events: "EventReader",
        *,
        tenants: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._events = events
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
        connections = Counter(counters.CONNECTIONS)
        events = self._events.read(tenant)
        body: dict[str, Any] = {
            "connections": in_global if tenant else self._store.total(connections),
            "rooms": {GLOBAL.name: in_global, **{f"{kind}:*": n for kind, n in members.items()}},
            "events_emitted": sum(count.events for count in events.values()),
            "uptime_seconds": now - self._store.started_at(now=now),
            **_of_events(events),
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


def _of_events(counts: Mapping[str, "EventCount"]) -> dict[str, Any]:
    """Return what there is to say of events by type, of their posts and of their cost."""
    found = costs.by_type(counts)
    return {
        "events": [_of_type(each) for each in found],
        "deliveries": {
            outcome: sum(getattr(count, outcome) for count in counts.values())
            for outcome in OUTCOMES
        },
        "cost": {
            "dollars": _rounded(sum(each.dollars for each in found)),
            "prices_of": costs.PRICES_OF,
            "advice": [_advice(each) for each in advise(found)],
        },
    }


def _of_type(cost: TypeCost) -> dict[str, Any]:
    return {
        "type": cost.type or None,
        "events": cost.count.events,
        "deliveries": cost.count.sent,
        "bytes": cost.count.bytes,
        "dollars": _rounded(cost.dollars),
    }


def _advice(advice: Advice) -> dict[str, Any]:
    return {
        "type": advice.type,
        "text": advice.text,
        "saves_dollars": [_rounded(each) for each in advice.saves],
    }


def _rounded(dollars: float) -> float:
    """Return dollars as they are shown: to a millionth, what one message costs."""
    return round(dollars, 6)
