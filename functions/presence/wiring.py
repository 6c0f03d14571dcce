"""Builds what `presence` calls: who follows arrivals, and who checks departures."""

from functools import cache

from roomcast.bus import EventBus
from roomcast_backend.presence.announcements import Announcements
from roomcast_backend.presence.arrivals import Arrivals
from roomcast_backend.presence.departures import Departures
from roomcast_backend.runtime.presence import check_later
from roomcast_backend.settings import settings
from roomcast_backend.stores.presence import PresenceStore
from roomcast_backend.stores.rooms import RoomStore


@cache
def arrivals() -> Arrivals:
    """Return what follows the stream of the rooms."""
    return Arrivals(PresenceStore(settings()), _announcements(), check_later=check_later)


@cache
def departures() -> Departures:
    """Return what checks who has left."""
    chosen = settings()
    return Departures(PresenceStore(chosen), RoomStore(chosen), _announcements())


@cache
def _announcements() -> Announcements:
    # The stack has the bus and the function: looking for it would cost a call and a right.
    chosen = settings()
    return Announcements(EventBus(chosen.event_bus, look=False), PresenceStore(chosen))
