"""Tells which events have come before: the service delivers at least once."""

from typing import Final

REMEMBERED: Final = 10_000
"""Ids; a replay brings 200 at most for each room."""


class Repeats:
    """Remembers the ids of the last events."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._ids: dict[str, None] = {}

    def __repr__(self) -> str:
        return f"Repeats({len(self._ids)} of {self._remembered})"

    def has(self, event_id: str) -> bool:
        """Tell whether an event has come before, and remember it; one without an id never has."""
        if not event_id:
            return False
        if event_id in self._ids:
            return True
        self._ids[event_id] = None
        if len(self._ids) > self._remembered:
            del self._ids[next(iter(self._ids))]
        return False
