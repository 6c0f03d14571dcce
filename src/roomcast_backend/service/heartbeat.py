"""For `heartbeat`: what sweeps over the roster."""

from functools import cache

from roomcast_backend.courier import Courier
from roomcast_backend.farewell import Farewell
from roomcast_backend.service.gateway import gateway
from roomcast_backend.settings import settings
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.rooms import RoomStore
from roomcast_backend.sweep import Heartbeat


@cache
def heartbeat() -> Heartbeat:
    """Return what sweeps over all connections."""
    chosen = settings()
    memberships = MembershipStore(chosen)
    return Heartbeat(
        rooms=RoomStore(chosen),
        courier=Courier(gateway(), memberships),
        farewell=Farewell(gateway(), memberships),
        page_size=chosen.page_size,
    )
