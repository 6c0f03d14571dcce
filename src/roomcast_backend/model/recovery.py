"""What is kept of a Socket.IO session so that its client can come back to its rooms.

https://socket.io/docs/v4/connection-state-recovery
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from roomcast_backend.model.connection import RECOVERY_SECONDS, Connection, kept_until
from roomcast_backend.model.type_filter import TypeFilter


@dataclass(frozen=True, slots=True)
class RecoverableSession:
    """A session that the client with `secret` may recover, if it is the same user.

    `session_id` is that of the session as it was stored last, which may still be alive; `until` is
    how long it can be recovered, epoch seconds. `is_lost` says that its rooms are those that it had
    in the end: before, they are found with the session itself. `filters` are those of its rooms.
    """

    secret: str
    session_id: str
    account: str
    rooms: frozenset[str]
    until: int
    is_lost: bool = False
    filters: Mapping[str, TypeFilter] = field(default_factory=dict)


def recoverable(session: Connection) -> RecoverableSession | None:
    """Return what is kept of a session; None when its client did not ask for recovery.

    Were its loss never noticed, it could be recovered for as long as its row is kept: then it has
    been lost for at least the time that every session has.
    """
    if not session.recovery_secret or session.principal is None:
        return None
    return RecoverableSession(
        secret=session.recovery_secret,
        session_id=session.id,
        account=session.principal.account,
        rooms=session.rooms,
        until=kept_until(session),
        filters=session.filters,
    )


def lost(session: Connection, *, now: int) -> RecoverableSession | None:
    """Return what is kept of a session whose loss has been noticed, from now on."""
    kept = recoverable(session)
    return replace(kept, until=now + RECOVERY_SECONDS, is_lost=True) if kept else None


def lost_at(session: RecoverableSession) -> int:
    """Return when the loss of a session was noticed, epoch seconds."""
    return session.until - RECOVERY_SECONDS
