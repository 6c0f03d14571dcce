"""Builds what `heartbeat` calls: the heartbeat."""

from functools import cache

from roomcast.rooms import GLOBAL
from roomcast_backend.fanout.heartbeat import Heartbeat
from roomcast_backend.fanout.sender import Sender
from roomcast_backend.fanout.slots import Slots
from roomcast_backend.gateway.connections_api import posts_per_container
from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.runtime.gateway import gateway
from roomcast_backend.settings import settings
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.rooms import RoomStore
from roomcast_backend.stores.sweeps import SweepStore


@cache
def heartbeat() -> Heartbeat:
    """Return the heartbeat with its stores and sender."""
    chosen = settings()
    memberships = MembershipStore(chosen)
    rooms = RoomStore(chosen)
    return Heartbeat(
        rooms=rooms,
        sweeps=SweepStore(chosen),
        sender=Sender(gateway(), memberships),
        terminator=Terminator(gateway(), memberships),
        slots=Slots.of(chosen.heartbeat_interval, len(rooms.shards(str(GLOBAL)))),
        mode=chosen.socketio_heartbeat,
        page_size=chosen.page_size,
        share=posts_per_container(chosen),
    )
