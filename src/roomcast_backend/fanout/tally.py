"""The figures of one fan-out or heartbeat, for logs and metrics."""

from collections import Counter
from dataclasses import dataclass, field

from roomcast_backend.fanout.sender import SendResult
from roomcast_backend.gateway.posts import Outcome


@dataclass(slots=True)
class Tally:
    """What a fan-out did, for the metrics."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    forgotten: int = 0
    expired: int = 0
    queued_pages: int = 0
    queued_members: int = 0
    repeated: bool = False

    def add(self, result: SendResult) -> None:
        """Add a round of posts."""
        self.outcomes += result.outcomes
        self.forgotten += result.forgotten
