"""An event on one line, for people."""

from typing import Any, Final

from roomcast.envelope import encode

TYPE_WIDTH: Final = 20
"""The longest type, `agent.status_changed`, is that long."""


def line(envelope: dict[str, Any]) -> str:
    """Return time of day (UTC), type, room and data of an event."""
    time = str(envelope.get("timestamp", ""))[11:23]
    kind = str(envelope.get("type", ""))
    return (
        f"{time}  {kind:<{TYPE_WIDTH}}  {envelope.get('room', '')}  {encode(envelope.get('data'))}"
    )
