"""Builds what `heartbeat` calls: the heartbeat."""

from functools import cache

from roomcast_backend.fanout.heartbeat import Heartbeat
from roomcast_backend.fanout.sender import Sender
from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.runtime.gateway import gateway
from roomcast_backend.settings import settings
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.rooms import RoomStore


@cache
def heartbeat() -> Heartbeat:
    """Return the heartbeat with its store and sender."""
    chosen = settings()
    memberships = MembershipStore(chosen)
    return Heartbeat(
        rooms=RoomStore(chosen),
        sender=Sender(gateway(), memberships),
        terminator=Terminator(gateway(), memberships),
        page_size=chosen.page_size,
    )
