"""For `open`: what greets connections after their handshake."""

from functools import cache

from roomcast_backend.lifecycle.greeting import Greeter, Timers
from roomcast_backend.runtime.gateway import gateway
from roomcast_backend.settings import settings
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.memberships import MembershipStore


@cache
def greeter() -> Greeter:
    """Return what opens connections."""
    chosen = settings()
    return Greeter(
        connections=ConnectionStore(chosen),
        memberships=MembershipStore(chosen),
        gateway=gateway(),
        timers=Timers(
            interval=chosen.heartbeat_interval * 1000, timeout=chosen.heartbeat_timeout * 1000
        ),
    )
