"""The settings of a publisher, read from the environment at each use."""

import os
from typing import Final

from roomcast.errors import NotConfigured
from roomcast.references import MAX_DATA_BYTES

EVENT_BUS: Final = "ROOMCAST_EVENT_BUS"
DATA_BUCKET: Final = "ROOMCAST_DATA_BUCKET"
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


def data_bucket() -> str:
    """Return the name of the bucket for the data of large events, empty when none is set."""
    return os.environ.get(DATA_BUCKET, "").strip()


def max_event_bytes() -> int:
    """Return the largest size of an event, in bytes as a client would receive it whole.

    `ROOMCAST_MAX_EVENT_BYTES` can lower the limit of 1 MB, but cannot raise it. Raises
    `NotConfigured` when the setting is not a positive whole number.
    """
    text = os.environ.get(MAX_EVENT_BYTES, "").strip()
    if not text:
        return MAX_DATA_BYTES
    try:
        limit = int(text)
    except ValueError:
        limit = 0
    if limit < 1:
        raise NotConfigured(f"{MAX_EVENT_BYTES}: expected a positive whole number of bytes")
    return min(limit, MAX_DATA_BYTES)
