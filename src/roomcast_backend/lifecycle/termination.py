"""Closes connections with a reason: first `connection.error` is posted, then the close.

A fresh token can come while a fan-out finds the old one expired, so a connection is marked first:

authenticate ─────────────────▶ done                 the mark is refused, the connection stays
members read ─▶ mark ─▶ post, close, forget          authenticate is refused after the mark
members read ─▶ mark ─▶ crash                        the next fan-out or heartbeat goes on
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from roomcast_backend.gateway.posts import Outcome, Post
from roomcast_backend.lifecycle.cleanup import Cleanup, mark_expired
from roomcast_backend.lifecycle.system_events import error_frame
from roomcast_backend.model.connection import Member, address
from roomcast_backend.protocol import socketio_packets
from roomcast_backend.protocol.messages import Code
from roomcast_backend.protocol.socketio_codec import namespace_of

if TYPE_CHECKING:
    from roomcast_backend.gateway.port import Gateway
    from roomcast_backend.lifecycle.ports import ExpiredRemover

NOTICE_PAUSES = (0.0, 0.2, 0.5)
"""Seconds before each attempt to tell a client why its connection ends; more follow a 429 only."""


class Terminator:
    """Posts the reason, closes the connection and, where it closes members, deletes it."""

    def __init__(
        self,
        gateway: "Gateway",
        memberships: "ExpiredRemover",
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gateway = gateway
        self._memberships = memberships
        self._clock = clock
        self._sleep = sleep
        self._cleanup = Cleanup(memberships, clock=clock)

    def close_with_error(self, connection_id: str, protocol: str, code: Code, message: str) -> None:
        """Post `connection.error`, then close. A client that is gone already is not an error."""
        self.tell(connection_id, error_frame(connection_id, protocol, code, message))
        self._gateway.close(connection_id)

    def tell(self, connection_id: str, frame: str) -> None:
        """Post a reason; again when it is throttled. One that does not arrive is not an error."""
        for pause in NOTICE_PAUSES:
            self._sleep(pause)
            if self._gateway.post(connection_id, frame.encode()) is not Outcome.THROTTLED:
                break

    def close_expired(self, members: Sequence[Member], *, room: str, until: float) -> int:
        """Close and delete connections whose token has expired; return how many were deleted.

        One that has had a fresh token meanwhile stays. A connection that could not be closed is
        deleted all the same: its next frame is refused.
        When the clock says `until` (epoch seconds) nothing is done: the members get no events, and
        the next fan-out or heartbeat closes them.
        """
        expired = mark_expired(self._memberships, members, until=until, clock=self._clock)
        return self._close_members(expired, _expiry_notice, room=room, until=until)

    def close_surplus(self, members: Sequence[Member], *, room: str, until: float) -> int:
        """Close and delete connections that their user has too many of; return how many members.

        A client of Socket.IO is told that its sessions end, so that it does not connect again by
        itself: it would be the newest then, and the oldest of the others would have to go.
        `until` is as for `close_expired`; what is not closed is found when the user connects again.
        """
        return self._close_members(members, _surplus_notice, _session_end, room=room, until=until)

    def close_revoked(
        self, members: Sequence[Member], reason: str, *, room: str, until: float
    ) -> int:
        """Close and delete connections whose access has ended; return how many members.

        A client of Socket.IO is told that its sessions end, so that it does not connect again by
        itself. `until` is as for `close_expired`.
        """

        def notice(member: Member) -> Iterator[Post]:
            yield _error(member, Code.ACCESS_REVOKED, reason)

        return self._close_members(members, notice, _session_end, room=room, until=until)

    def _close_members(
        self,
        members: Sequence[Member],
        *notices: Callable[[Member], Iterable[Post]],
        room: str,
        until: float,
    ) -> int:
        """Post one notice after the other to all members, then close and delete them."""
        if self._clock() >= until:
            return 0
        for notice in notices:
            self._tell_all((post for member in members for post in notice(member)), until)
        self._gateway.close_all(dict.fromkeys(address(member.connection_id) for member in members))
        return self._cleanup.forget(members, room=room, until=until)

    def _tell_all(self, posts: Iterable[Post], until: float) -> None:
        """Post reasons side by side; those that are throttled again, as `tell` does.

        When the clock says `until` nobody is told again: to close them counts more.
        """
        for pause in NOTICE_PAUSES:
            self._sleep(pause)
            posted = self._gateway.post_all(posts)
            posts = [each.post for each in posted if each.outcome is Outcome.THROTTLED]
            if not posts or self._clock() >= until:
                break


def _expiry_notice(member: Member) -> Iterator[Post]:
    message = "the token has expired: connect again with a fresh one"
    yield _error(member, Code.AUTH_FAILED, message)


def _surplus_notice(member: Member) -> Iterator[Post]:
    message = "the user has connected too often: this was the oldest connection"
    yield _error(member, Code.CONNECTION_LIMIT, message)


def _session_end(member: Member) -> Iterator[Post]:
    namespace = namespace_of(member.protocol)
    if namespace is not None:
        yield Post(member, socketio_packets.disconnected(namespace).encode())


def _error(member: Member, code: Code, message: str) -> Post:
    frame = error_frame(member.connection_id, member.protocol, code, message)
    return Post(member, frame.encode())
