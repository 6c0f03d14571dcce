"""Checks of tokens for tests in which nobody's access is ended by an order."""

from collections.abc import Callable
from concurrent.futures import Executor

from roomcast_backend.lifecycle.token_check import TokenCheck
from roomcast_backend.model.access import Principal
from roomcast_backend.model.ended_access import NOTHING_ENDED, EndedAccess


class NothingEnded:
    """The rows of users whose access is not ended."""

    def get(self, user_id: str, *, now: int) -> EndedAccess:
        """Return that nothing is."""
        return NOTHING_ENDED


def unrevoked(
    principal_of: Callable[[str], Principal], *, workers: Executor | None = None
) -> TokenCheck:
    """Return a check that only verifies."""
    return TokenCheck(principal_of, NothingEnded(), workers=workers)
