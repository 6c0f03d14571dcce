"""Which tokens and rooms of a user have been ended by orders; does no I/O and reads no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from roomcast_backend.model.access import Principal
from roomcast_backend.model.recovery import RecoverableSession, lost_at

REMOVAL_SECONDS: Final = 30
"""How long after its order a removal can still be under way: it takes some two seconds."""


@dataclass(frozen=True, slots=True)
class EndedAccess:
    """What orders have ended of a user's access; times are epoch seconds.

    Tokens issued before `issued_before` are refused, 0 for none. `removed` says of rooms when the
    user was removed from them last.
    """

    issued_before: int = 0
    removed: Mapping[str, int] = field(default_factory=dict)

    def revokes(self, principal: Principal) -> bool:
        """Tell whether a token is refused; one without `iat` counts as older than all others."""
        return principal.issued_at < self.issued_before

    def leaves(self, session: RecoverableSession) -> frozenset[str]:
        """Return the rooms of a session that its recovery brings back.

        One that was lost before the user was removed from a room had no connection to take out of
        it. A living one has been taken out.
        """
        if not session.is_lost:
            return session.rooms
        since = lost_at(session) - REMOVAL_SECONDS
        return frozenset(
            room for room in session.rooms if room not in self.removed or self.removed[room] < since
        )


NOTHING_ENDED: Final = EndedAccess()
