"""Carries out orders that end a user's access: closes connections, or takes them out of a room.

`revoke` closes those that have a token of before the order, whenever they were made.

Of the others, only what was there when the order was given is ended. Its time is that of the bus,
in whole seconds; a connection that was made after it stays, however late the order comes or how
often.

A client that connects meanwhile is in its rooms some seconds after its row was written. So a
`disconnect` looks again, as `revoke` does, until nobody can be on the way any more:

seconds after the order   0      1      2      4      8      16     20
connects ─▶ row ──────────┼──────┼─▶ joins its rooms
                                        └─▶ found: made before the order, closed

A call that is killed or fails is repeated by Lambda, and finds those that are left.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from itertools import compress, islice, pairwise
from threading import Lock
from typing import TYPE_CHECKING

from roomcast.access import REMOVE, REVOKE, Order
from roomcast.rooms import Room, user
from roomcast.tenants import stored_name
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.lifecycle.system_events import error_frame
from roomcast_backend.model.connection import Connection, Member
from roomcast_backend.protocol.messages import Code
from roomcast_backend.stores.memberships import ChangeResult

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.ports import (
        ConnectionReader,
        EndedAccessWriter,
        RoomLeaver,
        UsersRooms,
    )
    from roomcast_backend.lifecycle.termination import Terminator

LOOKS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0)
"""Seconds after the order at which a `disconnect` looks; a handshake takes up to 15."""

PAGE = 500
"""Members that are read and closed at a time."""

LEAVE_ROUNDS = 5
"""How often leaving a room is tried when its connection changes meanwhile."""


class Unfinished(Exception):
    """Some connections are left; Lambda repeats the call, which finds them."""


@dataclass(slots=True)
class Ended:
    """What an order came to: connections (sessions, with Socket.IO) found, ended and failed."""

    found: int = 0
    ended: int = 0
    failed: int = 0
    errors: list[str] = field(default_factory=list)


class Evictor:
    """Ends the access of users."""

    def __init__(
        self,
        *,
        rooms: "UsersRooms",
        connections: "ConnectionReader",
        memberships: "RoomLeaver",
        terminator: "Terminator",
        ended_access: "EndedAccessWriter",
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rooms = rooms
        self._connections = connections
        self._memberships = memberships
        self._terminator = terminator
        self._ended_access = ended_access
        self._clock = clock
        self._sleep = sleep
        self._telling = Lock()  # the gateway makes one exchange at a time

    def carry_out(self, order: Order, ended: Ended, *, ordered_at: int, until: float) -> None:
        """Carry out an order of `ordered_at` (epoch seconds) and count in `ended`.

        Raises `Unfinished` when something is left, at the latest at `until` (epoch seconds).
        """
        if order.type == REMOVE:
            self._remove(order, ended, ordered_at, until)
        elif order.type == REVOKE:
            self._revoke(order, ended, ordered_at, until)
        else:
            self._disconnect(order, ended, ordered_at, until)
        if ended.failed:
            raise _unfinished(order, ended)

    def _disconnect(self, order: Order, ended: Ended, ordered_at: int, until: float) -> None:
        def before(members: Sequence[Member]) -> list[Member]:
            return [member for member in members if self._was_there(member, ordered_at)]

        self._close_all(order, ended, before, until)
        for last, look in pairwise(LOOKS):
            if self._clock() > ordered_at + LOOKS[-1] + 1:
                return
            self._sleep(look - last)
            self._close_all(order, ended, before, until)

    def _revoke(self, order: Order, ended: Ended, ordered_at: int, until: float) -> None:
        """Write what is revoked, then close what was let in before that was written.

        However late this order is: until now its tokens were good.
        """
        latest = ordered_at + 1  # what was issued in the order's second counts as before it
        issued_before = min(order.issued_before or latest, latest)
        self._ended_access.revoke(order.account, issued_before=issued_before, ordered_at=ordered_at)

        def mark(member: Member) -> bool:
            return self._clock() < until and self._memberships.close_revoked(
                member.connection_id, account=order.account, issued_before=issued_before
            )

        def revoked(members: Sequence[Member]) -> list[Member]:
            return list(compress(members, _workers().map(mark, members)))

        self._close_all(order, ended, revoked, until)
        for last, look in pairwise(LOOKS):
            self._sleep(look - last)
            self._close_all(order, ended, revoked, until)

    def _close_all(
        self,
        order: Order,
        ended: Ended,
        among: Callable[[Sequence[Member]], list[Member]],
        until: float,
    ) -> None:
        """Close those connections of the user that `among` returns of all."""
        room = str(user(order.user_id).of(order.tenant))
        for members in self._pages(room):
            before = among(members)
            if not before:
                continue
            ended.found += len(before)
            closed = self._terminator.close_revoked(before, order.reason, room=room, until=until)
            ended.ended += closed
            if closed < len(before):
                ended.failed += len(before) - closed
                raise _unfinished(order, ended)

    def _was_there(self, member: Member, ordered_at: int) -> bool:
        """Tell whether a connection was made before the order, maybe in its room only after."""
        if member.joined_at <= ordered_at:
            return True
        connection = self._connections.get(member.connection_id)
        return connection is not None and connection.connected_at <= ordered_at

    def _remove(self, order: Order, ended: Ended, ordered_at: int, until: float) -> None:
        """Tell each client, then take it out: a call that is killed between is repeated.

        What keeps lost sessions from coming back is written first: who is lost meanwhile is found
        in one of the two.
        """
        room = stored_name(order.tenant, order.room)
        self._ended_access.remove(order.account, room, ordered_at=ordered_at)

        def leave(member: Member) -> None:
            if self._clock() >= until:
                ended.failed += 1
                return
            try:
                self._leave(member, order)
                ended.ended += 1
            except (AwsError, Unfinished) as exc:
                ended.failed += 1
                ended.errors.append(str(exc))

        for members in self._pages(str(user(order.user_id).of(order.tenant))):
            ids = [member.connection_id for member in members]
            there = self._rooms.among(room, ids, until=until)
            before = [member for member in there if member.joined_at <= ordered_at]
            ended.found += len(before)
            list(_workers().map(leave, before))

    def _leave(self, member: Member, order: Order) -> None:
        frame = error_frame(
            member.connection_id,
            member.protocol,
            Code.ACCESS_REVOKED,
            order.reason,
            room=order.room,
        )
        room = stored_name(order.tenant, order.room)
        with self._telling:
            self._terminator.tell(member.connection_id, frame)
        for _ in range(LEAVE_ROUNDS):
            connection = self._connections.get(member.connection_id)
            if connection is None or self._left(connection, room):
                return
        raise Unfinished(f"the rooms of {member.connection_id} change all the time")

    def _left(self, connection: Connection, room: str) -> bool:
        now = int(self._clock())
        result = self._memberships.leave(connection, Room.stored(room), now=now)
        return result in (ChangeResult.DONE, ChangeResult.GONE)

    def _pages(self, room: str) -> Iterator[Sequence[Member]]:
        for shard in self._rooms.shards(room):
            members = self._rooms.members(room, shard, size=PAGE)
            while page := list(islice(members, PAGE)):
                yield page


def _unfinished(order: Order, ended: Ended) -> Unfinished:
    return Unfinished(f"{ended.failed} connections of the order {order.id} are left")


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8, thread_name_prefix="leave")
