"""Formats an event as one line of text."""

from typing import Any, Final

from roomcast.envelope import encode

TYPE_WIDTH: Final = 20
"""The length of the longest type that a room gets, `agent.status_changed`."""


def line(envelope: dict[str, Any]) -> str:
    """Return time of day (UTC), type, room and data of an envelope as one line."""
    time = str(envelope.get("timestamp", ""))[11:23]
    kind = str(envelope.get("type", ""))
    return (
        f"{time}  {kind:<{TYPE_WIDTH}}  {envelope.get('room', '')}  {encode(envelope.get('data'))}"
    )
