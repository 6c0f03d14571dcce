"""Builds what `disconnect` calls: the store of memberships."""

import time
from functools import cache
from typing import TYPE_CHECKING

from roomcast_backend.settings import settings
from roomcast_backend.stores.memberships import MembershipStore

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.frame_limit import FrameLimit
    from roomcast_backend.model.connection import Connection


@cache
def memberships() -> MembershipStore:
    """Return the store that deletes connections and their memberships."""
    return MembershipStore(settings())


def release_upgrade(connection: "Connection") -> None:
    """Let the client of a WebSocket that ended before its upgrade stay with polling at once."""
    from roomcast_backend.runtime.polling_sessions import polling_sessions  # noqa: PLC0415  rare

    polling_sessions().release(connection.upgrades, connection.id, now=int(time.time() * 1000))


def frame_limit() -> "FrameLimit":
    """Return the limit of frames that a client has sent to this route."""
    from roomcast_backend.runtime import frame_limit as rare  # noqa: PLC0415  for such frames only

    return rare.frame_limit()
