"""Posts several events to one client, within what one answer may post.

The posts keep the pace of the account, and count as commands of the client.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.model.connection import address

if TYPE_CHECKING:
    from roomcast_backend.gateway.port import Gateway

MOST_EVENTS = 200
"""Events in one answer."""

MOST_BYTES = 2 * 1024 * 1024

MOST_SECONDS = 10.0

EVENTS_PER_COMMAND = 10
"""Posted events that count as one command of the client: it is sent 100 a second at most."""


class CommandCharger(Protocol):
    """Counts commands of a connection that are done already, whatever its rate allows."""

    def __call__(self, connection_id: str, commands: int, /) -> None:
        """Count so many commands."""
        ...


@dataclass(slots=True)
class Budget:
    """What one answer may still post, until the clock says `until` (epoch seconds)."""

    until: float
    events: int = MOST_EVENTS
    size: int = MOST_BYTES

    def takes(self, frame: bytes) -> bool:
        """Take a frame out of the budget; return False when there is no room for it."""
        if not self.events or len(frame) > self.size:
            return False
        self.events -= 1
        self.size -= len(frame)
        return True


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one answer posts, until an epoch second; `left` are the rooms of which it has no room
    for all, and the keys after which more is left."""

    frames: Sequence[bytes]
    left: Mapping[str, str]
    until: float


class PacedPosts:
    """Posts frames to one client in their order."""

    def __init__(
        self,
        gateway: "Gateway",
        *,
        charge: CommandCharger,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._gateway = gateway
        self._charge = charge
        self._clock = clock

    def budget(self) -> Budget:
        """Return what one answer may post."""
        return Budget(self._clock() + MOST_SECONDS)

    def post(self, connection_id: str, frames: Sequence[bytes], *, until: float) -> int:
        """Post frames one after the other; return how many of them were sent before a failure."""
        if not frames:
            return 0
        self._charge(address(connection_id), -(-len(frames) // EVENTS_PER_COMMAND))
        sent = 0
        for outcome in self._gateway.post_in_order(connection_id, frames):
            if outcome is not Outcome.SENT:
                break
            sent += 1
            if self._clock() >= until:
                break
        return sent
