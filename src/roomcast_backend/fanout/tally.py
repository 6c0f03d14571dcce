"""The counts of one fan-out or heartbeat, for logs and metrics."""

from collections import Counter
from dataclasses import dataclass, field

from roomcast_backend.fanout.sender import SendResult
from roomcast_backend.gateway.posts import Outcome


@dataclass(slots=True)
class Tally:
    """How many posts, connections and queue messages one invocation's work came to.

    `outcomes` counts posts, `forgotten` connections that were gone, `expired` connections closed
    for their token, `queued_pages` and `queued_members` what was left to later invocations.
    `repeated` says that the event's fan-out was complete already, and nothing was done,
    `late_events` is 1 when the event was left out of a room, because a newer one replaces it.
    `filtered` counts members that were left out because they do not want events of this type.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    forgotten: int = 0
    expired: int = 0
    queued_pages: int = 0
    queued_members: int = 0
    repeated: bool = False
    late_events: int = 0
    filtered: int = 0

    def add(self, result: SendResult) -> None:
        """Add what one call of the sender did."""
        self.outcomes += result.outcomes
        self.forgotten += result.forgotten
