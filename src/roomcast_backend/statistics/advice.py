"""What would lower the cost of events, from their counts: sentences for whoever runs the service.

What `at_most` would leave out is estimated from the events that came within a second of the one of
the same entity that they replace (`soon`), and from the time between these (`soon_ms`):

    1 s          |              |              |      `at_most` of 1.0 sends the first at once and
    events    a  b  c  d     e        f               then one a second: the latest
    soon         *  *  *     *                        e comes 0.4 s after d, f 1 s after e
    sent      a              d        f

So of `soon` events, which take `soon_ms`, one is sent for each second: all but `soon_ms / 1000` of
them are left out, at most. At each burst's end one more is sent, the last one: there are no more
bursts than events that did not come soon, and so many fewer are left out, at least. No I/O.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from roomcast_backend.model.event_count import EventCount
from roomcast_backend.statistics.costs import (
    GB,
    GIGABYTE,
    MESSAGE_BYTES,
    TypeCost,
    messages_of,
)

LEAST_EVENTS: Final = 100
"""Of fewer events nothing is concluded."""

LEAST_SHARE: Final = 0.05
"""Nor of what saves less than this share of the cost of all events."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A sentence about one type, and how many of the dollars so far would have been saved."""

    type: str
    text: str
    saves: tuple[float, float]


def advise(costs: Sequence[TypeCost]) -> list[Advice]:
    """Return what would have saved most first; nothing where there is nothing to say."""
    whole = sum(each.dollars for each in costs)
    known = (each for each in costs if each.type and each.count.events >= LEAST_EVENTS)
    found = [advice for each in known for advice in _of_type(each)]
    worth = [each for each in found if each.saves[1] >= LEAST_SHARE * whole]
    return sorted(worth, key=lambda each: -each.saves[1])


def left_out(count: EventCount) -> tuple[float, float]:
    """Return the share of events that `at_most` of one second would have left out: from, to."""
    most = max(0.0, count.soon - count.soon_ms / 1000)
    least = max(0.0, most - (count.events - count.soon))
    return least / count.events, most / count.events


def _of_type(cost: TypeCost) -> Iterator[Advice]:
    count = cost.count
    name = f"{cost.type} is {_percent(cost.share)} of the cost of events."
    least, most = left_out(count)
    if most:
        saves = (least * cost.dollars, most * cost.dollars)
        part = " to ".join(dict.fromkeys((_percent(least), _percent(most))))
        yield Advice(
            cost.type,
            f"{name} At most one a second of each entity, "
            f'at_most={{"{cost.type}": 1.0}}, would have left out {part} of its events.',
            saves,
        )
    if not count.sent:
        yield Advice(
            cost.type,
            f"{name} Not one of its {count.events:,} events was delivered: nobody was in their "
            "rooms, or took this type.",
            (0.0, cost.dollars),
        )
    elif (messages := messages_of(count)) > 1:
        smaller = MESSAGE_BYTES * count.sent
        spared = count.sent * (messages - 1) / 1e6 + (count.bytes - smaller) * GIGABYTE / GB
        yield Advice(
            cost.type,
            f"{name} A delivery has {count.bytes / count.sent / 1024:,.0f} KB on average and is "
            f"billed as {messages} messages: below 32 KB it is one.",
            (spared, spared),
        )


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
