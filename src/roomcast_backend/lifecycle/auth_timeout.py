"""Closes connections that have not authenticated by their deadline.

A Socket.IO client may send its token only after the greeting, Engine.IO's open packet. `open`
posts it, and under overload `open` is late. So the deadline counts from the greeting:

$connect ── check: no greeting yet ── greeting ── check: 9 s left ── check: close
          15 s                  a check every 15 s                9 s

A connection that is never greeted is closed after `LONGEST_UNGREETED` seconds. A JSON client waits
for no greeting: its deadline counts from `$connect`.

The WebSocket of a client that begins with polling has its session's greeting. It is not closed
before its upgrade, for the same 120 s: once its probe is answered the client asks by polling no
more, and were the WebSocket closed then, engine.io-client would wait for ever and show no error.
After the upgrade the deadline counts from the end of the time that the upgrade might have taken.

A token can come at the same moment, so the connection is marked before it is closed:

still pending? ─▶ mark as closing ─▶ post, close, forget        a token that comes now is refused
                       └─ refused: a token came first           the connection stays
"""

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.model.connection import SOCKET_IO, Connection, State
from roomcast_backend.model.polling import (
    LOST_SECONDS,
    PollingSession,
    PollingState,
    is_polling,
)
from roomcast_backend.protocol.messages import Code

if TYPE_CHECKING:
    from roomcast_backend.gateway.port import Gateway
    from roomcast_backend.lifecycle.ports import ConnectionRemover, PendingConnections

MESSAGE = "no token came in time: connect with one or send authenticate"

LONGEST_UNGREETED = 120
"""Seconds after `$connect` in which a connection may be without a greeting or an upgrade.

`open` tries for 15 s. After an error Lambda waits a minute before it tries again:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

UNGREETED_CHECK = 15
"""Seconds between the checks of a connection that has not been greeted.

Together they are fewer than the 16 calls after which Lambda takes a function that calls itself for
a loop: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""


def seconds_left(
    connection: Connection,
    *,
    deadline: int,
    now: float,
    upgraded: PollingSession | None = None,
) -> float:
    """Return the seconds until a pending connection is to be closed; 0 or less means now.

    `deadline` is in seconds, `now` in epoch seconds. `upgraded` is the polling session of which the
    connection is the WebSocket, after its upgrade.
    """
    if connection.protocol != SOCKET_IO:
        return 0  # the first check comes after the deadline
    if upgraded is not None:
        return max(connection.greeted_at, upgraded.upgrading_until) / 1000 + deadline - now
    if connection.greeted_at and not connection.upgrades:
        return connection.greeted_at / 1000 + deadline - now
    return connection.connected_at + max(deadline, LONGEST_UNGREETED) - now


class AuthTimeout:
    """Closes connections that are still pending after `deadline` seconds.

    A client without a WebSocket is looked at again every minute, until it is gone: it
    ends without a word, and occupies one of few places.

    `session_of` finds the polling session of an id. `check_again` is called with a connection's id
    and the whole seconds (at most 900) after which `close_if_pending` is to be called again.
    """

    def __init__(
        self,
        *,
        connections: "PendingConnections",
        memberships: "ConnectionRemover",
        terminator: Terminator,
        deadline: int,
        check_again: Callable[[str, int], object],
        gateway: "Gateway",
        session_of: Callable[[str], PollingSession | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._session_of = session_of
        self._connections = connections
        self._memberships = memberships
        self._terminator = terminator
        self._deadline = deadline
        self._check_again = check_again
        self._gateway = gateway
        self._clock = clock

    def close_if_pending(self, connection_id: str) -> bool:
        """Close a connection, unless it is authenticated, gone or has time left.

        Return whether it was closed or, without a WebSocket, gone. Less than a second left counts
        as none: the first check comes a moment earlier than the deadline of a client that was
        greeted without delay.
        """
        connection = self._connections.get(connection_id)
        if connection is None:
            return False
        if connection.state is not State.PENDING:
            return is_polling(connection_id) and self._close_unless_alive(connection_id)
        upgraded = self._upgraded(connection)
        left = seconds_left(
            connection, deadline=self._deadline, now=self._clock(), upgraded=upgraded
        )
        if left >= 1:
            is_greeted = connection.greeted_at and (upgraded or not connection.upgrades)
            longest = self._deadline if is_greeted else UNGREETED_CHECK
            self._check_again(connection_id, min(math.ceil(left), longest))
            return False
        if not self._connections.close_pending(connection_id):
            return False
        self._terminator.close_with_error(
            connection.id, connection.protocol, Code.AUTH_MISSING, MESSAGE
        )
        self._memberships.forget(connection.id)
        return True

    def _upgraded(self, connection: Connection) -> PollingSession | None:
        """Return the polling session that a WebSocket has gone on for; None before its upgrade."""
        session = self._session_of(connection.upgrades) if connection.upgrades else None
        if session is None or session.state is not PollingState.UPGRADED:
            return None
        return session if session.upgrading_to == connection.id else None

    def _close_unless_alive(self, connection_id: str) -> bool:
        if self._gateway.exists(connection_id):
            self._check_again(connection_id, int(LOST_SECONDS))
            return False
        self._gateway.close(connection_id)  # should it come back, it is told
        self._memberships.forget(connection_id)
        return True
