"""The settings of a publisher, read from the environment at each use."""

import os
from typing import Final

from roomcast.envelope import MAX_FRAME_BYTES
from roomcast.errors import NotConfigured

EVENT_BUS: Final = "ROOMCAST_EVENT_BUS"
MAX_EVENT_BYTES: Final = "ROOMCAST_MAX_EVENT_BYTES"


def event_bus() -> str:
    """Return the name or ARN of the bus to publish to; raise `NotConfigured` when none is set."""
    name = os.environ.get(EVENT_BUS, "").strip()
    if not name:
        raise NotConfigured(
            f"no event bus: set {EVENT_BUS} to its name or ARN (the stack's output EventBusName), "
            "or pass EventBroadcaster(event_bus=...)"
        )
    return name


def max_event_bytes() -> int:
    """Return the largest size of an event, in bytes as a client receives it.

    `ROOMCAST_MAX_EVENT_BYTES` can lower API Gateway's limit of 128 KB, but cannot raise it. Raises
    `NotConfigured` when the setting is not a positive whole number.
    """
    text = os.environ.get(MAX_EVENT_BYTES, "").strip()
    if not text:
        return MAX_FRAME_BYTES
    try:
        limit = int(text)
    except ValueError:
        limit = 0
    if limit < 1:
        raise NotConfigured(f"{MAX_EVENT_BYTES}: expected a positive whole number of bytes")
    return min(limit, MAX_FRAME_BYTES)
