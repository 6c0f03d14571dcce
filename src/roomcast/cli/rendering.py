"""Formats an event as one line of text."""

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Final

from roomcast.envelope import encode

if TYPE_CHECKING:
    from roomcast.client import Received

TYPE_WIDTH: Final = 20
"""The length of the longest type that a room gets, `agent.status_changed`."""

LATENCY_WIDTH: Final = 9
"""Of `+12345 ms`."""

LONG_MS: Final = 60_000
"""From here on an event was replayed, or clocks differ: milliseconds say nothing."""


def line(event: "Received", *, now: datetime, zone: tzinfo | None = None) -> str:
    """Return time, latency, type, room and data of an event as one line.

    The time is when it was published, in this machine's zone unless another one is given; the
    latency from there until `now`, as far as the clocks agree.
    """
    published = event.published_at
    time = published.astimezone(zone).strftime("%H:%M:%S.%f")[:12] if published else "?"
    latency = _latency(published, now) if published else ""
    data = encode(event.envelope.get("data"))
    return (
        f"{time:<12}  {latency:>{LATENCY_WIDTH}}  {event.type:<{TYPE_WIDTH}}  {event.room}  {data}"
    )


def _latency(published: datetime, now: datetime) -> str:
    milliseconds = (now - published).total_seconds() * 1000
    if abs(milliseconds) < LONG_MS:
        return f"{milliseconds:+.0f} ms"
    return f"{milliseconds / 1000:+.0f} s"
