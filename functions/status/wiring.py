"""Builds what `status` calls: the statistics and the check of the stores."""

import time
from functools import cache

from roomcast.version import __version__
from roomcast_backend.explain.explanation import Explainer
from roomcast_backend.lifecycle.recent import Recent
from roomcast_backend.settings import settings
from roomcast_backend.statistics.report import Statistics
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.counters import CounterStore
from roomcast_backend.stores.ended_access import EndedAccessStore
from roomcast_backend.stores.event_counts import EventCounts
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.presence import PresenceStore
from roomcast_backend.stores.room_log import RoomLog
from roomcast_backend.stores.rooms import RoomStore

CHECKED_SECONDS = 5.0
"""How old a good answer of the tables may be: anybody may ask for it, as often as they like."""


@cache
def statistics() -> Statistics:
    """Return the statistics over the counters."""
    chosen = settings()
    tenants = bool(chosen.jwt_tenant_claim)
    return Statistics(CounterStore(chosen), EventCounts(chosen), tenants=tenants)


@cache
def presence_store() -> PresenceStore:
    """Return the store that tells who is in rooms."""
    return PresenceStore(settings())


@cache
def explainer() -> Explainer:
    """Return what explains why a user did or did not get an event."""
    chosen = settings()
    return Explainer(
        fan_outs=EventStore(chosen),
        log=RoomLog(chosen),
        rooms=RoomStore(chosen),
        connections=ConnectionStore(chosen),
        ended=EndedAccessStore(chosen),
        keep=chosen.replay_hours * 3600,
    )


def check_stores() -> str:
    """Return the version when every table answers, or did so lately; raise the store's error."""
    return _checked()()


@cache
def _checked() -> Recent[str]:
    return Recent(_check_stores, seconds=CHECKED_SECONDS)


def _check_stores() -> str:
    """Read each table that a client needs."""
    chosen = settings()
    ConnectionStore(chosen).get("health")
    RoomStore(chosen).page("project:health", 0, size=1)
    CounterStore(chosen).started_at(now=int(time.time()))
    return __version__
