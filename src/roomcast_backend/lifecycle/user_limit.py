"""Bounds how many connections one user has: over `connections_per_user` the oldest are closed.

The room `user:<id>` holds all connections of a user, those that have left it as muted members. The
stream of the rooms table tells, within a second or two, in which of these rooms somebody is new:
no client waits for this. A room's changes come in their order and one batch at a time, so that one
reading follows the last of many connects at once, and no two of them close the same surplus:

connect 1 … 200 ─▶ rows ─▶ stream ─▶ batch 1: reads 120, closes the oldest 70
                                    batch 2: reads 130, closes the oldest 80
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.model.connection import Member, address

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.ports import MemberReader

PAGE = 1000
"""Members that are read at a time: a megabyte, which is the most of a Query, holds more."""


class UserLimit:
    """Closes the oldest connections of users who have more than `most`; 0: there is no limit."""

    def __init__(
        self,
        *,
        rooms: "MemberReader",
        terminator: Terminator,
        most: int,
        workers: Executor | None = None,
    ) -> None:
        self._rooms = rooms
        self._terminator = terminator
        self._most = most
        self._workers = workers or _workers()

    def close_surplus(self, rooms: Iterable[str], *, until: float) -> int:
        """Look at some users, named by their rooms; return how many members were deleted.

        Raises `AwsError` when a table does not answer. When the clock says `until` (epoch seconds)
        no more are closed: those that are left are found when their user connects again.
        """
        if not self._most:
            return 0
        wanted = list(rooms)
        closed = 0
        for room, members in zip(wanted, self._workers.map(self._read, wanted), strict=True):
            oldest = surplus(members, most=self._most)
            if oldest:
                closed += self._terminator.close_surplus(oldest, room=room, until=until)
        return closed

    def _read(self, room: str) -> list[Member]:
        return [
            member
            for shard in self._rooms.shards(room)
            for member in self._rooms.members(room, shard, size=PAGE)
        ]


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8, thread_name_prefix="user")


def surplus(members: Sequence[Member], *, most: int) -> list[Member]:
    """Return the members of the oldest connections of a user who has more than `most`.

    The sessions of a Socket.IO connection are one; it is as old as the oldest of them. A fresh
    token makes a connection new: `joined_at` is then the time of that.
    """
    joined: dict[str, int] = {}
    for member in members:
        connection_id = address(member.connection_id)
        joined[connection_id] = min(joined.get(connection_id, member.joined_at), member.joined_at)
    by_age = sorted(joined, key=lambda connection_id: (joined[connection_id], connection_id))
    closing = frozenset(by_age[: max(0, len(by_age) - most)])
    return [member for member in members if address(member.connection_id) in closing]
