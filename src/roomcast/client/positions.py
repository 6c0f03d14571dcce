"""Where a client goes on in each room: `since` moves only when `subscribe` has been answered.

    connection 1    seq 5, seq 6, reply     since: nothing, nothing, 6
                    seq 7                   7
    connection 2    since 7: seq 9          still 7: what came before 9 may come yet
                    reply                   9

A room from which nothing has come goes on with the greeting, whose id tells when the connection
was there. docs/PROTOCOL.md, Replay, says why. No I/O.
"""

from collections.abc import Mapping


class Positions:
    """The last position of each room; `start` has those with which the first connection begins."""

    def __init__(self, start: Mapping[str, str | int]) -> None:
        self._since: dict[str, str | int] = dict(start)
        self._seen: dict[str, int] = {}
        self._answered: set[str] = set()
        self._greeting = ""

    def __repr__(self) -> str:
        return f"Positions({self._since}, seen={self._seen}, answered={sorted(self._answered)})"

    @property
    def since(self) -> dict[str, str | int]:
        """By room, where to go on."""
        return dict(self._since)

    def begin(self) -> None:
        """A connection begins: nothing has come by it, and no command was answered."""
        self._seen.clear()
        self._answered.clear()
        self._greeting = ""

    def greeted(self, event_id: str) -> None:
        """The service has greeted the connection, with an event of this id."""
        self._greeting = event_id

    def seen(self, room: str, seq: int) -> None:
        """An event has come; 0 is no position."""
        if seq:
            self._seen[room] = max(seq, self._seen.get(room, 0))
            self._move(room)

    def answered(self, room: str) -> None:
        """The service has joined the connection to a room, and what was missed has come."""
        self._answered.add(room)
        if self._greeting and room not in self._seen:
            self._since[room] = self._greeting
        self._move(room)

    def _move(self, room: str) -> None:
        if room in self._answered and room in self._seen:
            self._since[room] = self._seen[room]
