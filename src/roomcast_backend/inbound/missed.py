"""Finds what a client can have missed in a room, from the room's log.

The client names the last event that it got, its position in the room or its id. If the event is in
the room, its entry is a snapshot: missed are all larger positions, and those that were pending.

positions   4   5   6   7   8   9        the client got 7 last, whose pending ones are 4 and 6
            *       *       *   *        missed: 4, 6, 8, 9; it has 5

If it is not, as is the greeting, the newest entry is taken that was logged before the event began,
by the clocks of two containers, hence `CLOCK_MARGIN_MS`. Whether that entry itself was delivered
by then, and those that were pending, is told by when their fan-outs ended.

The client is a member of the room before the log is read. So an event is either in the log up to
the newest position, or its members are read later and the client is one of them.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from roomcast.tenants import event_key
from roomcast_backend.model.room_log import Entry, LogHead

if TYPE_CHECKING:
    from roomcast_backend.inbound.ports import FanOutTimes, RoomLogReader

CLOCK_MARGIN_MS = 10_000
"""How far the clocks of two containers may be apart, in milliseconds."""

LARGEST_POSITION = 10**16
"""Larger than every position: one is the time in milliseconds and a count."""

OWN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""A UUIDv7, with which the service names its own events."""


@dataclass(frozen=True, slots=True)
class Since:
    """The last event that a client got.

    Of a position nothing else is known; of an id, that its event began at `at` (epoch
    milliseconds).
    """

    position: int | None = None
    event_id: str = ""
    at: int = 0

    def names(self, entry: Entry) -> bool:
        """Tell whether an entry is that of the event."""
        if entry.envelope is None:
            return False
        if self.position is not None:
            return entry.position == self.position
        return entry.event_id == self.event_id

    def is_after(self, entry: Entry) -> bool:
        """Tell whether an entry was certainly logged before the event began.

        Only that of an event will do: an empty entry tells nothing of what was pending.
        """
        logged_before = entry.logged_at <= self.at - CLOCK_MARGIN_MS
        return self.position is None and entry.envelope is not None and logged_before


@dataclass(slots=True)
class Missed:
    """What was found in one room, in the order of positions; `complete` if that is all."""

    entries: list[Entry] = field(default_factory=list)
    complete: bool = True


class MissedEvents:
    """Reads logs; `keep` is for how many seconds an entry counts."""

    def __init__(
        self,
        log: "RoomLogReader",
        fan_outs: "FanOutTimes",
        *,
        keep: int,
        clock: Callable[[], float],
    ) -> None:
        self._log = log
        self._fan_outs = fan_outs
        self._keep = keep
        self._clock = clock

    def resolve(self, since: str | int, *, tenant: str = "") -> Since | None:
        """Return what is known of the event that a client of a tenant names; None if nothing is.

        An id without a fan-out is the service's own if it can be one: whatever ids publishers
        choose, those of their events have a row for longer than the log has the events.
        """
        if isinstance(since, int):
            return Since(position=since) if 0 <= since < LARGEST_POSITION else None
        if not since:
            return None
        at = self._fan_outs.begun_at(event_key(tenant, since))
        if at is None and OWN_ID.fullmatch(since):
            at = int(since[:8] + since[9:13], 16)
        now = self._clock() * 1000
        if at is None or not now - self._keep * 1000 < at < now + CLOCK_MARGIN_MS:
            return None
        return Since(event_id=since, at=at)

    def in_room(self, room: str, since: Since, *, most: int) -> Missed:
        """Return up to `most` events that the client can have missed in a room."""
        head, entries = self._log.newest_first(room, now=self._clock(), down_to=since.position or 0)
        if head is None:
            is_empty = since.position is None and not self._log.has_older(room, now=self._clock())
            return Missed(complete=is_empty)
        found = self._walk(room, since, head, entries, most)
        if not head.is_certain or (
            head.may_have_older and self._log.has_older(room, now=self._clock())
        ):
            found.complete = False
        found.entries.sort(key=lambda entry: entry.position)
        return found

    def _walk(
        self, room: str, since: Since, head: LogHead, entries: Iterable[Entry], most: int
    ) -> Missed:
        """Go from the newest entry back to the last one that the client got."""
        found = Missed()
        expected = head.seq
        for entry in entries:
            holes = range(entry.position + 1, expected + 1)
            if len(holes) > most or len(found.entries) > most:
                return replace(found, complete=False)
            _add(found, (self._settle(room, position) for position in holes))
            expected = min(expected, entry.position - 1)
            if since.names(entry) or since.is_after(entry):
                return self._with_pending(found, since, head, entry)
            _add(found, [entry])
        return self._from_the_beginning(room, found, since, head, expected)

    def _with_pending(self, found: Missed, since: Since, head: LogHead, last: Entry) -> Missed:
        """Add what was under way at the entry that the client got, or that came before it."""
        if last.logged_at <= (self._clock() - self._keep) * 1000 and since.names(last):
            return replace(found, complete=False)
        pending = {position for position in last.pending if position < last.position}
        earlier = self._log.at(last.room, pending)
        lacking = pending - {entry.position for entry in earlier}
        earlier += [self._settle(last.room, position) for position in lacking & head.under_way]
        if not since.names(last):
            earlier = self._not_ended([*earlier, last], by=since.at - CLOCK_MARGIN_MS)
        _add(found, earlier)
        found.complete = found.complete and lacking <= head.under_way
        return found

    def _not_ended(self, entries: list[Entry], *, by: int) -> list[Entry]:
        """Return those entries whose fan-out had not ended by a time, epoch milliseconds."""
        oldest = (self._clock() - self._keep) * 1000
        counted = [each for each in entries if each.envelope and each.logged_at > oldest]
        late = self._fan_outs.under_way({entry.event_key for entry in counted}, at=by)
        return [entry for entry in entries if entry.event_key in late]

    def _from_the_beginning(
        self, room: str, found: Missed, since: Since, head: LogHead, expected: int
    ) -> Missed:
        """Add what is under way before the first entry: all else there is too old to count."""
        if since.position is not None:
            found.complete = False
        first = [position for position in head.under_way if position <= expected]
        _add(found, [self._settle(room, position) for position in first])
        return found

    def _settle(self, room: str, position: int) -> Entry:
        return self._log.settle(room, position, now=self._clock())


def _add(found: Missed, entries: Iterable[Entry]) -> None:
    found.entries += [entry for entry in entries if entry.envelope]
