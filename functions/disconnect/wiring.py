"""Builds what `disconnect` calls: the store of memberships."""

from functools import cache
from typing import TYPE_CHECKING

from roomcast_backend.settings import settings
from roomcast_backend.stores.memberships import MembershipStore

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.ports import ConnectionRemover


@cache
def memberships() -> "ConnectionRemover":
    """Return the store that deletes connections and their memberships."""
    return MembershipStore(settings())
