"""For `disconnect`: what forgets connections."""

from functools import cache

from roomcast_backend.settings import settings
from roomcast_backend.stores.memberships import MembershipStore


@cache
def memberships() -> MembershipStore:
    """Return what forgets connections and their memberships."""
    return MembershipStore(settings())
