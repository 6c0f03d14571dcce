"""Builds what `access` calls: the evictor."""

from functools import cache

from roomcast_backend.lifecycle.eviction import Evictor
from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.runtime.gateway import gateway
from roomcast_backend.settings import settings
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.ended_access import EndedAccessStore
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.rooms import RoomStore


@cache
def evictor() -> Evictor:
    """Return the evictor with its stores and the gateway."""
    chosen = settings()
    memberships = MembershipStore(chosen)
    return Evictor(
        rooms=RoomStore(chosen),
        connections=ConnectionStore(chosen),
        memberships=memberships,
        terminator=Terminator(gateway(), memberships),
        ended_access=EndedAccessStore(chosen),
    )
