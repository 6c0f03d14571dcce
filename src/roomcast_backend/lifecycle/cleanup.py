"""Deletes many connections concurrently: each takes several calls, one after another."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

from roomcast_backend.model.connection import Member

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.ports import ConnectionRemover, ExpiredMarker


class Cleanup:
    """Deletes the connections of members and all their memberships."""

    def __init__(
        self,
        memberships: "ConnectionRemover",
        *,
        clock: Callable[[], float] = time.time,
        workers: Executor | None = None,
    ) -> None:
        self._memberships = memberships
        self._clock = clock
        self._workers = workers or _workers()

    def forget(self, members: Iterable[Member], *, room: str, until: float) -> int:
        """Delete the connections of members of `room`; return how many were deleted.

        Nothing is deleted once the clock says `until` (epoch seconds). The next post to a
        connection that remains finds it gone again.
        """

        def forget_one(member: Member) -> bool:
            if self._clock() >= until:
                return False
            self._memberships.forget(member.connection_id, seen_in=[room], until=until)
            return True

        return sum(self._workers.map(forget_one, members))


def mark_expired(
    memberships: "ExpiredMarker",
    members: Sequence[Member],
    *,
    until: float,
    clock: Callable[[], float],
    workers: Executor | None = None,
) -> list[Member]:
    """Mark the connections of members whose token has expired; return those members.

    One that has a fresh token is not among them, nor is one that no time was left for.
    """

    def mark_one(member: Member) -> bool:
        return clock() < until and memberships.close_expired(
            member.connection_id, expired_at=member.expires_at
        )

    marked = (workers or _workers()).map(mark_one, members)
    return [member for member, is_marked in zip(members, marked, strict=True) if is_marked]


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8, thread_name_prefix="forget")
