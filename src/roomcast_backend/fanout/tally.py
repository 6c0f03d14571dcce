"""The counts of one fan-out or heartbeat, for logs and metrics."""

from collections import Counter
from dataclasses import dataclass, field

from roomcast_backend.fanout.sender import SendResult
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.model.event_count import EventCount


@dataclass(slots=True)
class Tally:
    """How many posts, connections and queue messages one invocation's work came to.

    `outcomes` counts posts, `forgotten` connections that were gone, `expired` connections closed
    for their token, `queued_pages` and `queued_members` what was left to later invocations.
    `repeated` says that the event's fan-out was complete already, and nothing was done,
    `late_events` is 1 when the event was left out of a room, because a newer one replaces it.
    `filtered` counts members that were left out because they do not want events of this type,
    `bytes` is the size of the frames that were sent. `soon_ms` says how many milliseconds after
    another one the event came that it replaces, None: not within a second.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    forgotten: int = 0
    expired: int = 0
    queued_pages: int = 0
    queued_members: int = 0
    repeated: bool = False
    late_events: int = 0
    filtered: int = 0
    bytes: int = 0
    soon_ms: int | None = None

    def add(self, result: SendResult) -> None:
        """Add what one call of the sender did."""
        self.outcomes += result.outcomes
        self.forgotten += result.forgotten
        self.bytes += result.bytes

    def count(self, *, events: int = 0) -> EventCount:
        """Return what is added up by event type, of so many events."""
        outcomes = {outcome.value: n for outcome, n in self.outcomes.items()}
        is_soon = self.soon_ms is not None
        return EventCount(
            events=events, bytes=self.bytes, soon=is_soon, soon_ms=self.soon_ms or 0, **outcomes
        )
