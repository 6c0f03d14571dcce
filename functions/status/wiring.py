"""For `status`: what tells health and figures."""

import time
from functools import cache

from roomcast.version import __version__
from roomcast_backend.runtime.counters import counters
from roomcast_backend.settings import settings
from roomcast_backend.statistics.report import Statistics
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.rooms import RoomStore


@cache
def statistics() -> Statistics:
    """Return what reads the counters."""
    return Statistics(counters())


def check_stores() -> str:
    """Ask every table that a client needs; return the version, raise what fails."""
    ConnectionStore(settings()).get("health")
    RoomStore(settings()).page("project:health", 0, size=1)
    counters().started_at(now=int(time.time()))
    return __version__
