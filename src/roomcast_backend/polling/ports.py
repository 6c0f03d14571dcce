"""What this package asks of the table of polling sessions; `PollingStore` in production.

Modules import this one for annotations only (`if TYPE_CHECKING`), so a cold start never loads it.
"""

from collections.abc import Sequence
from typing import Protocol

from roomcast_backend.model.connection import Connection
from roomcast_backend.model.polling import Pending, PollingSession, Waiting


class PollingSessions(Protocol):
    """Keeps the sessions; times are epoch milliseconds, errors are `AwsError`."""

    def begin(self, session: PollingSession) -> None:
        """Store a new session."""
        ...

    def get(self, connection_id: str) -> PollingSession | None:
        """Return a session, or None when it is unknown."""
        ...

    def keep(
        self, connection_id: str, packets: Sequence[Pending], *, post: str, token: str, now: int
    ) -> tuple[bool, PollingSession | None]:
        """Keep the packets of one POST for the WebSocket, once; return whether, and the session.

        `token` is the hash of the request's token, empty without one: another one is refused.
        """
        ...

    def settle(self, connection_id: str, poll: str, *, now: int) -> Sequence[Pending] | None:
        """Let a session stay without a WebSocket; return what was kept for one, to one GET."""
        ...

    def begin_poll(
        self, connection_id: str, poll: str, *, token: str, now: int, until: int
    ) -> tuple[bool, PollingSession | None]:
        """Claim a session for one GET until a time; return whether it was, and the session.

        `token` is as for `keep`.
        """
        ...

    def read(self, connection_id: str) -> tuple[PollingSession | None, Sequence[Waiting]]:
        """Return a session and the packets that wait for its client."""
        ...

    def end_poll(
        self,
        connection_id: str,
        poll: str,
        delivered: Sequence[Waiting],
        *,
        settled: bool,
        now: int,
    ) -> None:
        """Note what a GET returns, and let the next one begin.

        Once the session is `settled`, what was kept for a WebSocket is not needed any more.
        """
        ...

    def drop(self, connection_id: str, numbers: Sequence[int]) -> None:
        """Delete packets that their client has got."""
        ...

    def append(self, connection_id: str, frame: str) -> bool:
        """Put a packet into the outbox; False when the client is gone."""
        ...

    def close(self, connection_id: str) -> bool:
        """Close a session for good; False when it was closed, upgraded or unknown already."""
        ...

    def delete(self, connection_id: str) -> None:
        """Delete a session."""
        ...


class NewConnections(Protocol):
    """Stores the connections of sessions that stay; `ConnectionStore` in production."""

    def put_new(self, connection: Connection) -> None:
        """Store a connection, unless it is stored already."""
        ...
