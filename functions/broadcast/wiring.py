"""Builds what `broadcast` calls: the fan-out."""

from functools import cache

from roomcast_backend.fanout.broadcast import FanOut
from roomcast_backend.fanout.sender import Sender
from roomcast_backend.fanout.state_keeping import StateKeeper
from roomcast_backend.fanout.work import PageQueue
from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.protocol.event_frame import EventFrames
from roomcast_backend.runtime.gateway import gateway
from roomcast_backend.settings import settings
from roomcast_backend.stores.event_counts import EventCounts
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.large_data import LargeData
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.room_log import RoomLog
from roomcast_backend.stores.room_states import RoomStates
from roomcast_backend.stores.rooms import RoomStore


@cache
def fan_out() -> FanOut:
    """Return the fan-out with its stores, sender and queue."""
    chosen = settings()
    memberships = MembershipStore(chosen)
    data = LargeData(chosen)
    return FanOut(
        chosen,
        rooms=RoomStore(chosen),
        events=EventStore(chosen),
        log=RoomLog(chosen),
        sender=Sender(gateway(), memberships),
        terminator=Terminator(gateway(), memberships),
        queue=PageQueue(chosen),
        frames=EventFrames(data, largest=chosen.max_post_bytes),
        states=StateKeeper(RoomStates(chosen), data),
        count_event=EventCounts(chosen).add,
    )
