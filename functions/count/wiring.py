"""Builds what `count` calls: the counters' store and the limit of a user's connections."""

from functools import cache

from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.lifecycle.user_limit import UserLimit
from roomcast_backend.runtime.gateway import gateway
from roomcast_backend.settings import settings
from roomcast_backend.stores.counters import CounterStore
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.rooms import RoomStore


@cache
def counters() -> CounterStore:
    """Return the store of the counters."""
    return CounterStore(settings())


@cache
def user_limit() -> UserLimit:
    """Return the limit of how many connections a user has."""
    chosen = settings()
    return UserLimit(
        rooms=RoomStore(chosen),
        terminator=Terminator(gateway(), MembershipStore(chosen)),
        most=chosen.connections_per_user,
    )
