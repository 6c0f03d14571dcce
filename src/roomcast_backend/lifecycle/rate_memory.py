"""What a container remembers of connections that send too much: it answers them without a call.

The row of a connection says when its next command is taken (`RateLimit`), and that time only moves
on. So a container that has read it can refuse, until then, what the row would refuse:

frame 1       refused by the row for 80 ms, counted there            2 writes
frame 2 … 9   refused for what is left of the 80 ms, counted here    no call
frame 10      refused by the row, which counts all nine              2 writes

A container sees the frames that come to it. Those of one connection are spread over all containers
that work at the time, so what closes a connection is the count in its row.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from roomcast_backend.stores.connections import RateLimited

MOST_CONNECTIONS = 10_000
"""Connections that a container remembers; those that were not heard of for longest are dropped."""

CLOSED_MILLISECONDS = 10_000
"""How long the frames of a connection that was closed for flooding are refused without a call."""

FREE_INTERVAL = 1000
FREE_FRAMES = 10
"""Frames that take no call: one a second, ten at once. A pong is due every 20 s at most."""


@dataclass(slots=True)
class _Kept:
    """What is remembered of one connection; times are epoch milliseconds.

    `uncounted` are the commands refused here since the row was last asked.
    """

    refused_until: int = 0
    protocol: str = ""
    uncounted: int = 0
    free_time: int = 0


@dataclass(slots=True)
class RateMemory:
    """Remembers connections while their container lives; `now` is epoch milliseconds."""

    _kept: OrderedDict[str, _Kept] = field(default_factory=OrderedDict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def refuse(self, connection_id: str, *, now: int) -> RateLimited | None:
        """Return the refusal of a command that its connection's row would refuse, else None."""
        with self._lock:
            kept = self._kept.get(connection_id)
            if kept is None or kept.refused_until <= now:
                return None
            kept.uncounted += 1
            return RateLimited(kept.protocol, kept.refused_until - now)

    def uncounted(self, connection_id: str) -> int:
        """Return how many commands were refused here and are not counted in the row."""
        with self._lock:
            kept = self._kept.get(connection_id)
            return kept.uncounted if kept is not None else 0

    def note(
        self, connection_id: str, limited: RateLimited, *, now: int, closed: bool = False
    ) -> None:
        """Remember that the row has refused a command and has counted those refused here."""
        pause = CLOSED_MILLISECONDS if closed else limited.retry_after
        with self._lock:
            kept = self._of(connection_id)
            kept.refused_until = now + pause
            kept.protocol = limited.protocol
            kept.uncounted = 0

    def takes_free(self, connection_id: str, *, now: int) -> bool:
        """Count a frame that takes no call; return False when more come than any client sends."""
        with self._lock:
            kept = self._of(connection_id)
            if kept.free_time - now > FREE_INTERVAL * (FREE_FRAMES - 1):
                return False
            kept.free_time = max(kept.free_time, now) + FREE_INTERVAL
            return True

    def _of(self, connection_id: str) -> _Kept:
        kept = self._kept.pop(connection_id, None) or _Kept()
        self._kept[connection_id] = kept
        if len(self._kept) > MOST_CONNECTIONS:
            self._kept.popitem(last=False)
        return kept
