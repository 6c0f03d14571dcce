"""For `deadline`: what ends connections without a token."""

from functools import cache

from roomcast_backend.deadline import Deadline
from roomcast_backend.farewell import Farewell
from roomcast_backend.service.gateway import gateway
from roomcast_backend.settings import settings
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.memberships import MembershipStore


@cache
def deadline() -> Deadline:
    """Return what ends connections that are still pending."""
    chosen = settings()
    memberships = MembershipStore(chosen)
    return Deadline(
        connections=ConnectionStore(chosen),
        memberships=memberships,
        farewell=Farewell(gateway(), memberships),
    )
