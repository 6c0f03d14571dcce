"""What is kept of a Socket.IO session so that its client can come back to its rooms.

https://socket.io/docs/v4/connection-state-recovery
"""

from dataclasses import dataclass

from roomcast_backend.model.connection import Connection


@dataclass(frozen=True, slots=True)
class RecoverableSession:
    """A session that the client with `secret` may recover, if it is the same user.

    `session_id` is that of the session as it was stored last, which may still be alive;
    `connected_at` is when it began, in epoch seconds.
    """

    secret: str
    session_id: str
    user_id: str
    rooms: frozenset[str]
    connected_at: int


def recoverable(session: Connection) -> RecoverableSession | None:
    """Return what is kept of a session; None when its client did not ask for recovery."""
    if not session.recovery_secret or session.principal is None:
        return None
    return RecoverableSession(
        secret=session.recovery_secret,
        session_id=session.id,
        user_id=session.principal.user_id,
        rooms=session.rooms,
        connected_at=session.connected_at,
    )
