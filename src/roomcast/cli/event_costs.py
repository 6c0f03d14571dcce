"""The part of the statistics that tells of events by type, in lines for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

COLUMNS = ("events", "deliveries", "dollars")


def event_lines(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield a table of the events by type, what they have cost, and what would lower that.

    Nothing where the service tells nothing of it, as older ones do, or where no event was counted.
    """
    types, cost = answer.get("events"), answer.get("cost")
    if not isinstance(types, list) or not isinstance(cost, dict) or not types:
        return
    rows = [(each["type"] or "all others", *(each[name] for name in COLUMNS)) for each in types]
    width = max(len("event type"), *(len(name) for name, *_ in rows))
    yield ""
    yield f"{'event type':<{width}}  {'events':>12}  {'deliveries':>12}  {'dollars':>12}"
    for name, events, deliveries, dollars in rows:
        yield f"{name:<{width}}  {events:>12,}  {deliveries:>12,}  {dollars:>12,.6f}"
    yield ""
    yield (
        f"Events have cost some ${cost['dollars']:,.6f} so far, by list prices of"
        f" {cost['prices_of']}; connections are not in it."
    )
    for each in cost["advice"]:
        low, high = (f"${dollars:,.6f}" for dollars in each["saves_dollars"])
        saved = high if low == high else f"{low} to {high}"
        yield f"{each['text']} That is {saved}."
