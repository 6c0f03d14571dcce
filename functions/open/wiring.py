"""Builds what `open` calls: the greeter."""

from functools import cache

from roomcast.envelope import new_id
from roomcast_backend.lifecycle.greeting import Greeter
from roomcast_backend.protocol.heartbeats import EngineIoTimers
from roomcast_backend.runtime.gateway import gateway
from roomcast_backend.runtime.state_teller import state_teller
from roomcast_backend.settings import settings
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.memberships import MembershipStore


def warm_up() -> None:
    """Build the greeter and make a first event id, in the Init phase."""
    greeter()
    new_id()


@cache
def greeter() -> Greeter:
    """Return the greeter with its stores and gateway."""
    chosen = settings()
    return Greeter(
        connections=ConnectionStore(chosen),
        memberships=MembershipStore(chosen),
        gateway=gateway(),
        timers=EngineIoTimers.announced(
            chosen.socketio_heartbeat,
            interval=chosen.heartbeat_interval,
            timeout=chosen.heartbeat_timeout,
        ),
        states=state_teller(),
    )
