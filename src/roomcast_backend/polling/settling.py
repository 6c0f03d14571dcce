"""Lets a session stay with polling: what its client sent is answered, as frames of a connection.

overdue ─▶ deadline ─▶ store the connection ─▶ settle ─┬─▶ answer what was kept ─▶ the outbox
                                                       └─▶ a WebSocket was first: nothing to do

The connection is stored first: once the session is settled, any request may need it. After a crash
half way the client gets an error for its request, which ends its session: it connects again, and
the deadline deletes the connection.
"""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from roomcast_backend.model.polling import PollingSession, PollingState
from roomcast_backend.polling.errors import FORBIDDEN, PollingRefused
from roomcast_backend.polling.request import USE_WEBSOCKET
from roomcast_backend.protocol.engineio_packets import CLOSE, NOOP

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.ports import ConnectionRemover
    from roomcast_backend.polling.ports import NewConnections, PollingSessions

Answer = Callable[[str, str, int], str]
"""Answers a packet of a connection that came at a time, epoch milliseconds."""


class Settling:
    """Answers what the clients send that stay.

    `most` is how many may stay (0: any number), of which `count` tells how many do;
    `allowed` is False when none may. `set_deadline` is called as for a WebSocket without a token.
    """

    def __init__(
        self,
        *,
        sessions: "PollingSessions",
        connections: "NewConnections",
        memberships: "ConnectionRemover",
        answer: Answer,
        set_deadline: Callable[[str], object],
        count: Callable[[], int],
        most: int,
        allowed: bool,
    ) -> None:
        self._sessions = sessions
        self._connections = connections
        self._memberships = memberships
        self._answer = answer
        self._set_deadline = set_deadline
        self._count = count
        self._most = most
        self._allowed = allowed

    def settle(self, session: PollingSession, poll: str, *, now: int) -> None:
        """Settle an overdue session and answer what was kept, unless another GET does.

        Raises `PollingRefused` when no client may stay, or too many do: the session is closed.
        """
        self._check_place(session)
        self._set_deadline(session.id)
        self._connections.put_new(
            replace(session.connection, connected_at=now // 1000, greeted_at=session.began)
        )
        pending = self._sessions.settle(session.id, poll, now=now)
        if pending is None:
            self._forget_unless_settled(session.id)
            return
        for packet, at in pending:
            self.receive(session.id, packet, at=at)

    def receive(self, connection_id: str, packet: str, *, at: int) -> None:
        """Answer one packet of a settled session; its client's CLOSE ends it."""
        if packet == CLOSE:
            self.leave(connection_id)
            return
        reply = self._answer(connection_id, packet, at)
        if reply != NOOP:
            self._sessions.append(connection_id, reply)

    def end(self, connection_id: str) -> None:
        """Close a session and forget all that belongs to it; its client's next GET is told."""
        self._sessions.close(connection_id)
        self._memberships.forget(connection_id)

    def leave(self, connection_id: str) -> None:
        """Forget a session that its client has ended: there is nobody to tell."""
        self.end(connection_id)
        self._sessions.delete(connection_id)

    def _check_place(self, session: PollingSession) -> None:
        if not self._allowed:
            self._sessions.close(session.id)
            hint = (
                f"no WebSocket came in time, and this service takes nothing else: {USE_WEBSOCKET}"
            )
            raise PollingRefused(FORBIDDEN, hint, HTTPStatus.FORBIDDEN)
        if self._most and self._count() >= self._most:
            self._sessions.close(session.id)
            hint = "too many clients without a WebSocket (max_polling_connections): try again later"
            raise PollingRefused(FORBIDDEN, hint, HTTPStatus.SERVICE_UNAVAILABLE)

    def _forget_unless_settled(self, connection_id: str) -> None:
        """Forget the connection of a session that will never need it."""
        session = self._sessions.get(connection_id)
        if session is None or session.state in (PollingState.UPGRADED, PollingState.CLOSED):
            self._memberships.forget(connection_id)
