"""The head of a room's log: the row that gives each event its position, in one update.

seq             the newest position
m:<event id>    an event that is under way: when it was marked, and its position
n:<publisher>   a publisher's last number, and the position of its last event
born            when the row was made
forgot_until    until then, marks of events that are under way may be missing

Marks and numbers are two numbers in one, because an update can add but cannot join strings:
`now * SHIFT + position` and `number * SHIFT + position`. They compare as their first part does.
DynamoDB's numbers have 38 digits.

Positions begin with the time in milliseconds: should the row expire after a week without events,
the next ones are still larger than all before.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from dataclasses import dataclass
from typing import Any, Final, Self

from roomcast.envelope import Envelope
from roomcast_backend.model.room_log import Last, LogHead, Placed, is_late, order_of
from roomcast_backend.stores import keys
from roomcast_backend.stores.items import Item, number

SHIFT: Final = 10**16
"""Larger than every position."""

HEAD_SECONDS: Final = 7 * 24 * 3600
"""How long a head is kept after the entries of its last event."""

OLDER_SECONDS: Final = 2 * 3600
"""How long containers of a version without positions may run after the first that gives them."""

REUSE_MARGIN: Final = 60
"""Seconds before a mark is too old to count, from which on its event gets a new position."""

MOST_MARKS: Final = 300
"""Marks beyond these are forgotten, oldest first: an item has room for some thousands."""

MOST_PUBLISHERS: Final = 24
"""Publishers whose last number is kept: with them the row stays below 1 KB, one write unit."""

MARK, NUMBER = "m:", "n:"


@dataclass(frozen=True, slots=True)
class HeadRow:
    """What the row holds; `marks` by mark names, `numbers` by publishers."""

    seq: int
    marks: dict[str, int]
    numbers: dict[str, int]
    born: int
    forgot_until: int

    @classmethod
    def of(cls, item: Item, *, seq: int = 0) -> Self:
        """Read the row; `seq` counts where there is none yet."""
        return cls(
            seq=_number_of(item, "seq", seq),
            marks=_numbers_of(item, MARK),
            numbers=_numbers_of(item, NUMBER),
            born=_number_of(item, "born"),
            forgot_until=_number_of(item, "forgot_until"),
        )

    def head(self, *, now: int, keep: int) -> LogHead:
        """Return what replay needs of the row; `now` and `keep` are in seconds."""
        return LogHead(
            seq=self.seq,
            under_way=self.positions(now=now, keep=keep),
            is_certain=self.forgot_until <= now,
            may_have_older=now < self.born + OLDER_SECONDS + keep,
        )

    def positions(self, *, now: int, keep: int) -> frozenset[int]:
        """Return the positions of events under way; older ones are not in the log any more."""
        return frozenset(
            mark % SHIFT for mark in self.marks.values() if mark // SHIFT >= now - keep
        )

    def surplus(self, *, now: int, keep: int) -> tuple[str, ...]:
        """Return the names of attributes to remove: marks too old, publishers too many."""
        old = [MARK + name for name, mark in self.marks.items() if mark // SHIFT < now - keep]
        by_age = sorted(self.numbers, key=lambda name: self.numbers[name] % SHIFT)
        beyond = by_age[: max(0, len(by_age) - MOST_PUBLISHERS)]
        return (*old, *(NUMBER + name for name in beyond))

    def oldest_marks(self) -> list[str]:
        """Return the names of the marks beyond `MOST_MARKS`, those that were set first."""
        by_age = sorted(self.marks, key=self.marks.__getitem__)
        return [MARK + name for name in by_age[: max(0, len(by_age) - MOST_MARKS)]]

    def placed(self, room: str, envelope: Envelope, mark: int, *, now: int, keep: int) -> Placed:
        """Return the place of the event with this mark; the row is as it was before, or is now."""
        position = mark % SHIFT
        known = envelope.publisher in self.numbers
        last = self._last(envelope.publisher) if known else None
        return Placed(
            room=room,
            position=position,
            pending=self.positions(now=now, keep=keep) - {position},
            is_late=is_late(envelope, last),
            order=order_of(envelope, position, last),
            mark=mark,
            surplus=self.surplus(now=now, keep=keep),
        )

    def _last(self, publisher: str) -> Last:
        number, position = divmod(self.numbers[publisher], SHIFT)
        return Last(number, position)


def placing(
    envelope: Envelope, *, now: float, keep: int, in_order: bool, fenced: Placed | None
) -> dict[str, Any]:
    """Return the update that gives an event the next position, and its condition.

    The condition is that the event has no mark, or one that is too old, or that of `fenced`; and,
    with `in_order`, that its number is larger than its publisher's last one.
    """
    names = {"#mark": MARK + keys.short(envelope.id), "#ttl": "ttl"}
    seconds = int(now)
    values: Item = {
        ":start": number(int(now * 1000)),
        ":one": number(1),
        ":mark": number(seconds * SHIFT + 1),
        ":old": number((seconds - keep + REUSE_MARGIN) * SHIFT),
        ":now": number(seconds),
        ":ttl": number(seconds + keep + HEAD_SECONDS),
    }
    update = (
        "SET seq = if_not_exists(seq, :start) + :one,"
        " #mark = if_not_exists(seq, :start) + :mark,"
        " born = if_not_exists(born, :now), #ttl = :ttl"
    )
    free = "attribute_not_exists(#mark) OR #mark < :old"
    if fenced is not None:
        free += " OR #mark = :fenced"
        values[":fenced"] = number(fenced.mark)
    condition = f"({free})"
    if in_order:
        names["#last"] = NUMBER + envelope.publisher
        values |= {
            ":number": number(envelope.number * SHIFT),
            ":last": number(envelope.number * SHIFT + 1),
        }
        update += ", #last = if_not_exists(seq, :start) + :last"
        condition += " AND (attribute_not_exists(#last) OR #last < :number)"
    return {
        "UpdateExpression": update,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _number_of(item: Item, name: str, default: int = 0) -> int:
    return int(item[name]["N"]) if name in item else default


def _numbers_of(item: Item, prefix: str) -> dict[str, int]:
    return {
        name.removeprefix(prefix): int(value["N"])
        for name, value in item.items()
        if name.startswith(prefix)
    }
