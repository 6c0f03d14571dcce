"""Which tokens and rooms of a user orders have ended."""

import pytest

from roomcast_backend.model.access import Principal
from roomcast_backend.model.connection import RECOVERY_SECONDS
from roomcast_backend.model.ended_access import NOTHING_ENDED, REMOVAL_SECONDS, EndedAccess
from roomcast_backend.model.recovery import RecoverableSession

LOST = 1000


@pytest.mark.parametrize(
    ("issued_at", "revoked"), [(0, True), (99, True), (100, False), (101, False)]
)
def test_tokens_that_were_issued_before(issued_at: int, *, revoked: bool) -> None:
    token = Principal("ada", 10**9, issued_at=issued_at)
    assert EndedAccess(issued_before=100).revokes(token) is revoked
    assert not NOTHING_ENDED.revokes(token)


@pytest.mark.parametrize(
    ("removed", "lost", "comes_back"),
    [
        (LOST, True, False),
        (LOST + 1, True, False),
        (LOST - REMOVAL_SECONDS, True, False),  # the removal was under way
        (LOST - REMOVAL_SECONDS - 1, True, True),
        (LOST, False, True),  # taken out itself, if it was in the room
    ],
)
def test_rooms_that_a_recovery_brings_back(removed: int, *, lost: bool, comes_back: bool) -> None:
    rooms = frozenset({"global", "project:7"})
    session = RecoverableSession("s", "c#/ws", "ada", rooms, LOST + RECOVERY_SECONDS, lost)
    left = EndedAccess(removed={"project:7": removed}).leaves(session)
    assert left == (rooms if comes_back else {"global"})
