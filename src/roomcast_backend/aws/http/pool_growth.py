"""How many connections to a server: as many as its answers take time, opened a few at a time.

A handshake costs as much time of the processor as dozens of requests, on both sides. A connection
is worth it only in time in which all others are waiting; and a server that is busy with handshakes
answers late, which must not be taken for a need of still more connections.
"""

from typing import Final

from roomcast_backend.aws.http.connection import HttpConnection

AT_FIRST: Final = 4
"""Connections that may be being opened at the same time while none is open."""

AT_LEAST: Final = 2
AT_MOST: Final = 16
"""The same when some are: a quarter of them, within these limits."""

LATE: Final = 0.002
"""Seconds after which an answer is waited for so long that another connection is worth it."""


def growth_limit(connected: int) -> int:
    """Return how many connections may be being opened beside so many that are open."""
    if not connected:
        return AT_FIRST
    return min(AT_MOST, max(AT_LEAST, connected // 4))


class PoolGrowth:
    """The lanes that are being opened."""

    def __init__(self) -> None:
        self._lanes: set[HttpConnection] = set()

    def add(self, lane: HttpConnection) -> None:
        """Note that a lane begins to connect."""
        self._lanes.add(lane)

    def discard(self, lane: HttpConnection) -> None:
        """Note that a lane is no more."""
        self._lanes.discard(lane)

    def has_room(self, lanes: int) -> bool:
        """Tell whether another lane may be opened; there are so many, those being opened too."""
        if self._lanes:
            self._lanes = {lane for lane in self._lanes if not lane.is_open}
        opening = len(self._lanes)
        return opening < growth_limit(lanes - opening)

    def patience(self, lanes: int, waited: float) -> float:
        """Return the seconds to wait for an answer before another lane is opened.

        `waited` is for how long the oldest request has been waiting.
        """
        return max(0.0, LATE - waited) if lanes >= AT_FIRST else 0.0
