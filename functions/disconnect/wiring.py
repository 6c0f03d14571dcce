"""Builds what `disconnect` calls: the store of memberships."""

from functools import cache
from typing import TYPE_CHECKING

from roomcast_backend.settings import settings
from roomcast_backend.stores.memberships import MembershipStore

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.frame_limit import FrameLimit
    from roomcast_backend.lifecycle.ports import ConnectionRemover


@cache
def memberships() -> "ConnectionRemover":
    """Return the store that deletes connections and their memberships."""
    return MembershipStore(settings())


def frame_limit() -> "FrameLimit":
    """Return the limit of frames that a client has sent to this route."""
    from roomcast_backend.runtime import frame_limit as rare  # noqa: PLC0415  for such frames only

    return rare.frame_limit()
