"""How many connections the pool has: as many as responses are slow, opened a few at a time.

A handshake costs as much processor time as dozens of requests, on both sides. Another connection
is worth it only while all others wait for a response. A server that is busy with handshakes
responds late, which must not be taken for a need of still more connections.
"""

from typing import Final

from roomcast_backend.aws.http.connection import HttpConnection

FIRST_CONNECTING: Final = 4
"""Connections that may be connecting at the same time while none is open."""

LEAST_CONNECTING: Final = 2
MOST_CONNECTING: Final = 16
"""The same when some are open: a quarter of them, within these limits."""

LATE_AFTER: Final = 0.002
"""Seconds after which a response is so late that another connection is worth its handshake."""


def growth_limit(open_connections: int) -> int:
    """Return how many connections may be connecting beside those that are open."""
    if not open_connections:
        return FIRST_CONNECTING
    return min(MOST_CONNECTING, max(LEAST_CONNECTING, open_connections // 4))


class PoolGrowth:
    """Keeps track of the connections that are connecting, and decides whether to open another."""

    def __init__(self) -> None:
        self._connecting: set[HttpConnection] = set()

    def __repr__(self) -> str:
        connecting = sum(not each.is_open for each in self._connecting)
        return f"<PoolGrowth: {connecting} connecting>"

    def add(self, connection: HttpConnection) -> None:
        """Note that a connection begins to connect."""
        self._connecting.add(connection)

    def discard(self, connection: HttpConnection) -> None:
        """Note that a connection is closed."""
        self._connecting.discard(connection)

    def allows_another(self, pool_size: int) -> bool:
        """Tell whether another connection may be opened.

        `pool_size` counts all connections, those that are connecting included.
        """
        if self._connecting:
            self._connecting = {each for each in self._connecting if not each.is_open}
        connecting = len(self._connecting)
        return connecting < growth_limit(pool_size - connecting)

    def wait_seconds(self, pool_size: int, oldest_wait: float) -> float:
        """Return how long to wait for a response before another connection is opened.

        `oldest_wait` is for how many seconds the oldest request has been waiting.
        """
        return max(0.0, LATE_AFTER - oldest_wait) if pool_size >= FIRST_CONNECTING else 0.0
