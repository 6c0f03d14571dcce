"""Builds what `disconnect` calls: the store of memberships."""

from functools import cache

from roomcast_backend.settings import settings
from roomcast_backend.stores.memberships import MembershipStore


@cache
def memberships() -> MembershipStore:
    """Return the store that deletes connections and their memberships."""
    return MembershipStore(settings())
