"""Checks tokens: their signature and claims, then whether an order has revoked them.

The row that tells is read again for each token. It is read in another thread, beside a call that is
made anyway, so that connecting takes no call more in sequence. When it cannot be read the token is
not taken. A token that is let in while an order comes is found by the order's looks:

connect   read ─────────▶ row, joins its rooms
order           row ─▶ look ─────▶ look ─▶ ...      for 20 s: found, its token was issued before
"""

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from roomcast_backend.auth.claims import TokenRefused
from roomcast_backend.model.access import Principal
from roomcast_backend.model.ended_access import EndedAccess

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.ports import EndedAccessReader

REVOKED = "the token has been revoked"


@dataclass(frozen=True, slots=True)
class Checked:
    """A token that is taken: its principal, and what else was ended of the user's access."""

    principal: Principal
    ended: EndedAccess


@dataclass(frozen=True, slots=True)
class UserRead:
    """A read of what is ended of one user's access, which another thread makes."""

    account: str
    ended: Future[EndedAccess]


class TokenCheck:
    """Checks tokens. `principal_of` verifies one, or raises `TokenRefused`.

    Every method raises `TokenRefused` for a token that is not valid or revoked, `KeysUnavailable`
    and `AwsError` when nothing is known of it; those that begin something do so in its result, for
    which the caller must wait: Lambda would freeze it in the middle of its call.
    """

    def __init__(
        self,
        principal_of: Callable[[str], Principal],
        ended: "EndedAccessReader",
        *,
        clock: Callable[[], float] = time.time,
        workers: Executor | None = None,
    ) -> None:
        self._principal_of = principal_of
        self._ended = ended
        self._clock = clock
        self._workers = workers

    def verify(self, token: str) -> Principal:
        """Return the principal of a token, which may be revoked: `check` and `begin` tell."""
        return self._principal_of(token)

    def take(self, token: str, read: UserRead | None = None) -> Checked:
        """Return what a token says; `read` is used if it is of the token's user."""
        return self.check(self._principal_of(token), read)

    def check(self, principal: Principal, read: UserRead | None = None) -> Checked:
        """Check whether the token of a principal, which was verified before, is revoked."""
        if read is not None and read.account == principal.account:
            ended = read.ended.result()
        else:
            ended = self._read(principal.account)
        if ended.revokes(principal):
            raise TokenRefused(REVOKED)
        return Checked(principal, ended)

    def begin(self, token: str, read: UserRead | None = None) -> Future[Checked]:
        """Begin to `take` a token."""
        return self._threads().submit(self.take, token, read)

    def begin_check(self, principal: Principal) -> Future[Checked]:
        """Begin to `check` a principal."""
        return self._threads().submit(self.check, principal)

    def begin_read(self, account: str) -> UserRead:
        """Begin to read what is ended of a user's access."""
        return UserRead(account, self._threads().submit(self._read, account))

    def _read(self, account: str) -> EndedAccess:
        return self._ended.get(account, now=int(self._clock()))

    def _threads(self) -> Executor:
        return self._workers or _workers()


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="token")
