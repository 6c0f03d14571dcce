"""Changes a connection under the conditions that a change was decided on, and decides it anew."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from roomcast.backoff import Backoff
from roomcast_backend.model.connection import Connection
from roomcast_backend.protocol.messages import Code, CommandRefused
from roomcast_backend.stores.memberships import ChangeResult

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.ports import ConnectionReader

BACKOFF = Backoff(base=0.005, cap=0.1, attempts=12)
"""How often a change is tried while other frames of the client change the same connection.

Of those that meet, one succeeds each time.
"""


class Changes:
    """Makes changes; `max_rooms_per_connection` is named in a refusal only."""

    def __init__(
        self,
        connections: "ConnectionReader",
        *,
        max_rooms_per_connection: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connections = connections
        self._max_rooms = max_rooms_per_connection
        self._sleep = sleep

    def apply(
        self, connection: Connection, change: Callable[[Connection], ChangeResult]
    ) -> Connection | None:
        """Make a change; try it again on the current row when that has changed in between.

        Returns the connection as it was when the change was decided, None when a command that was
        sent later has changed the same already. Raises `CommandRefused` when it is refused.
        """
        for attempt in range(BACKOFF.attempts):
            match change(connection):
                case ChangeResult.DONE:
                    return connection
                case ChangeResult.SUPERSEDED:
                    return None
                case ChangeResult.FULL:
                    raise self.full()
                case ChangeResult.GONE:
                    raise _closed()
                case ChangeResult.STALE:
                    self._sleep(BACKOFF.pause(attempt))
                    connection = self.reload(connection)
        raise CommandRefused(Code.UNAVAILABLE, "too many changes at once: send it again")

    def reload(self, connection: Connection) -> Connection:
        """Return a connection as it is now; raise `CommandRefused` when it is gone."""
        current = self._connections.get(connection.id)
        if current is None:
            raise _closed()
        return current

    def full(self) -> CommandRefused:
        """Return the refusal of one room too many."""
        return CommandRefused(
            Code.ROOM_LIMIT, f"a connection may be in {self._max_rooms} rooms: leave one first"
        )


def _closed() -> CommandRefused:
    return CommandRefused(Code.AUTH_MISSING, "this connection is closed: connect again")
