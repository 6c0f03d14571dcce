"""For `broadcast`: what delivers events."""

import time
from functools import cache

from roomcast_backend.courier import Courier
from roomcast_backend.fanout import FanOut
from roomcast_backend.farewell import Farewell
from roomcast_backend.pages import PageQueue
from roomcast_backend.service.gateway import gateway
from roomcast_backend.settings import settings
from roomcast_backend.stores.counters import CounterStore
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.rooms import RoomStore


@cache
def fan_out() -> FanOut:
    """Return what delivers events."""
    chosen = settings()
    memberships = MembershipStore(chosen)
    counters = CounterStore(chosen)
    return FanOut(
        chosen,
        rooms=RoomStore(chosen),
        events=EventStore(chosen),
        courier=Courier(gateway(), memberships),
        farewell=Farewell(gateway(), memberships),
        queue=PageQueue(chosen),
        count_event=lambda event_id: counters.count_event(event_id, now=int(time.time())),
    )
