"""What events came to, as it is added up by event type."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCount:
    """Numbers of some events: how many there were, and what came of their posts.

    `sent`, `gone`, `throttled`, `too_large` and `failed` count posts by their outcome, `bytes` are
    those of the frames that were sent. `soon` counts events that replace one of the same entity
    within a second, `soon_ms` the milliseconds between these and the ones they replace.
    """

    events: int = 0
    sent: int = 0
    gone: int = 0
    throttled: int = 0
    too_large: int = 0
    failed: int = 0
    bytes: int = 0
    soon: int = 0
    soon_ms: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(
            **{name: getattr(self, name) + getattr(other, name) for name in type(self).__slots__}
        )

    def numbers(self) -> dict[str, int]:
        """Return the numbers that are not zero, by name."""
        return {name: n for name in type(self).__slots__ if (n := getattr(self, name))}
