"""What the state of rooms asks of the stores, as Protocols; `now` is epoch seconds.

Modules import this one for annotations only (`if TYPE_CHECKING`), so a cold start never loads it.
"""

from collections.abc import Collection, Iterator
from typing import Any, Protocol

from roomcast.envelope import Envelope
from roomcast_backend.model.room_log import Entry, LogHead
from roomcast_backend.model.room_state import EntityState


class StateReader(Protocol):
    """Reads what is known of a room's entities; `RoomStates` in production."""

    def keeps(self, room: str) -> bool:
        """Tell whether the entities of a room are kept."""
        ...

    def page(self, room: str, *, after: str = "", rows: int) -> tuple[list[EntityState], str]:
        """Return up to `rows` entities after a key, and the key to go on after, empty at the end.

        The read is consistent.
        """
        ...


class UnderWay(Protocol):
    """Tells which events may not be in the rows yet; `RoomLog` in production."""

    def head(self, room: str, *, now: float) -> LogHead | None:
        """Return the head of a room's log, None without one."""
        ...

    def newest_first(
        self, room: str, *, now: float, down_to: int = 0
    ) -> tuple[LogHead | None, Iterator[Entry]]:
        """Return the head of a room's log, and its entries, the newest first."""
        ...

    def at(self, room: str, positions: Collection[int]) -> list[Entry]:
        """Return the entries at some positions, as far as they are there."""
        ...

    def settle(self, room: str, position: int, *, now: float) -> Entry:
        """Return what is at a position, after an empty entry is written if nothing is."""
        ...


class DataReader(Protocol):
    """Reads the data of large events; `LargeData` in production."""

    def data(self, envelope: Envelope) -> dict[str, Any]:
        """Return the data of an event, wherever it stands."""
        ...
