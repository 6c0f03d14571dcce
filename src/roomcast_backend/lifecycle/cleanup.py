"""Forgets many connections side by side: each takes several calls, one after another."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache

from roomcast_backend.model.connection import Member
from roomcast_backend.stores.memberships import MembershipStore


class Cleanup:
    """Deletes the connections of members, as far as the time allows."""

    def __init__(
        self,
        memberships: MembershipStore,
        *,
        clock: Callable[[], float] = time.time,
        workers: Executor | None = None,
    ) -> None:
        self._memberships = memberships
        self._clock = clock
        self._workers = workers or _workers()

    def forget(self, members: Iterable[Member], *, room: str, until: float) -> int:
        """Forget connections whose members were met in `room`; return how many.

        Those for whom there is no time are met, and found to be gone, once more.
        """

        def forget_one(member: Member) -> bool:
            if self._clock() >= until:
                return False
            self._memberships.forget(member.connection_id, seen_in=[room])
            return True

        return sum(self._workers.map(forget_one, members))


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8, thread_name_prefix="forget")
