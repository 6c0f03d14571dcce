"""What events have cost so far, by type: an estimate from their counts and list prices.

An event costs what its fan-out takes (the bus, an invocation, its rows), each delivery a message of
API Gateway for every 32 KB, and the bytes that leave for the internet. Connections are not in it,
and neither are further rooms of an event and the reading of rooms of thousands: docs/cost.md has
all of that. No I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

from roomcast_backend.model.event_count import EventCount

PRICES_OF: Final = "2026-11-25"
"""When the prices were looked up."""

MILLION_EVENTS: Final = 6.93
"""Dollars for a million events to one room, their deliveries left out."""

MILLION_MESSAGES: Final = 1.0
"""Dollars for a million messages of up to 32 KB."""

GIGABYTE: Final = 0.09
"""Dollars for a GB that leaves for the internet."""

MESSAGE_BYTES: Final = 32 * 1024
GB: Final = 1024**3


@dataclass(frozen=True, slots=True)
class TypeCost:
    """What the events of one type came to, their dollars, and their share of all dollars."""

    type: str
    count: EventCount
    dollars: float
    share: float


def dollars(count: EventCount) -> float:
    """Return the dollars of some events."""
    messages = count.sent * messages_of(count)
    return (
        count.events * MILLION_EVENTS / 1e6
        + messages * MILLION_MESSAGES / 1e6
        + count.bytes * GIGABYTE / GB
    )


def messages_of(count: EventCount) -> int:
    """Return how many messages a delivery of average size is billed as."""
    return max(1, ceil(count.bytes / count.sent / MESSAGE_BYTES)) if count.sent else 1


def by_type(counts: Mapping[str, EventCount]) -> list[TypeCost]:
    """Return the cost of each type, the dearest first."""
    costs = {name: dollars(count) for name, count in counts.items()}
    whole = sum(costs.values())
    found = (
        TypeCost(name, count, costs[name], costs[name] / whole if whole else 0.0)
        for name, count in counts.items()
    )
    return sorted(found, key=lambda each: (-each.dollars, each.type))
