"""Closes connections with a reason: first `connection.error` is posted, then the close.

A fresh token can come while a fan-out finds the old one expired, so a connection is marked first:

authenticate ─────────────────▶ done                 the mark is refused, the connection stays
members read ─▶ mark ─▶ post, close, forget          authenticate is refused after the mark
members read ─▶ mark ─▶ crash                        the next fan-out or heartbeat goes on
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from roomcast_backend.gateway.posts import Post
from roomcast_backend.lifecycle.cleanup import Cleanup, mark_expired
from roomcast_backend.lifecycle.system_events import error_frame
from roomcast_backend.model.connection import Member
from roomcast_backend.protocol.messages import Code

if TYPE_CHECKING:
    from roomcast_backend.gateway.port import Gateway
    from roomcast_backend.lifecycle.ports import ExpiredRemover


class Terminator:
    """Posts the reason, closes the connection and, for expired members, deletes it."""

    def __init__(
        self,
        gateway: "Gateway",
        memberships: "ExpiredRemover",
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._gateway = gateway
        self._memberships = memberships
        self._clock = clock
        self._cleanup = Cleanup(memberships, clock=clock)

    def close_with_error(self, connection_id: str, protocol: str, code: Code, message: str) -> None:
        """Post `connection.error`, then close. A client that is gone already is not an error."""
        frame = error_frame(connection_id, protocol, code, message)
        self._gateway.post(connection_id, frame.encode())
        self._gateway.close(connection_id)

    def close_expired(self, members: Sequence[Member], *, room: str, until: float) -> int:
        """Close and delete connections whose token has expired; return how many were deleted.

        One that has had a fresh token meanwhile stays. A connection that could not be closed is
        deleted all the same: its next frame is refused.
        When the clock says `until` (epoch seconds) nothing is done: the members get no events, and
        the next fan-out or heartbeat closes them.
        """
        if self._clock() >= until:
            return 0
        expired = mark_expired(self._memberships, members, until=until, clock=self._clock)
        for _ in self._gateway.post_all(map(_expiry_notice, expired)):
            pass
        self._gateway.close_all(member.connection_id for member in expired)
        return self._cleanup.forget(expired, room=room, until=until)


def _expiry_notice(member: Member) -> Post:
    message = "the token has expired: connect again with a fresh one"
    frame = error_frame(member.connection_id, member.protocol, Code.AUTH_FAILED, message)
    return Post(member, frame.encode())
