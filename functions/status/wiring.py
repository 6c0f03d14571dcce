"""Builds what `status` calls: the statistics and the check of the stores."""

import time
from functools import cache

from roomcast.version import __version__
from roomcast_backend.settings import settings
from roomcast_backend.statistics.report import Statistics
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.counters import CounterStore
from roomcast_backend.stores.rooms import RoomStore


@cache
def statistics() -> Statistics:
    """Return the statistics over the counters."""
    return Statistics(CounterStore(settings()))


def check_stores() -> str:
    """Read each table that a client needs; return the version, or raise the store's error."""
    chosen = settings()
    ConnectionStore(chosen).get("health")
    RoomStore(chosen).page("project:health", 0, size=1)
    CounterStore(chosen).started_at(now=int(time.time()))
    return __version__
