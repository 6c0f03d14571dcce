"""The settings of a publisher, read from the environment at each use."""

import os
from math import isfinite
from typing import Final

from roomcast import room_kinds as kinds
from roomcast.errors import NotConfigured
from roomcast.references import MAX_DATA_BYTES
from roomcast.rooms import canonical_id, is_id

EVENT_BUS: Final = "ROOMCAST_EVENT_BUS"
DATA_BUCKET: Final = "ROOMCAST_DATA_BUCKET"
AT_MOST: Final = "ROOMCAST_AT_MOST"
MAX_EVENT_BYTES: Final = "ROOMCAST_MAX_EVENT_BYTES"
ON_INVALID: Final = "ROOMCAST_ON_INVALID"
ROOM_KINDS: Final = "ROOMCAST_ROOM_KINDS"
TENANT: Final = "ROOMCAST_TENANT"

MEMORY: Final = "memory:"
"""The name of the bus that only records, in the process of the publisher."""

_ON_INVALID: Final = ("raise", "log")


def event_bus() -> str:
    """Return the name or ARN of the bus to publish to; raise `NotConfigured` when none is set."""
    name = os.environ.get(EVENT_BUS, "").strip()
    if not name:
        raise NotConfigured(
            f"no event bus: set {EVENT_BUS} to its name or ARN (the stack's output EventBusName), "
            f"or to {MEMORY} in tests, or pass EventBroadcaster(event_bus=...)"
        )
    return name


def data_bucket() -> str:
    """Return the name of the bucket for the data of large events, empty when none is set."""
    return os.environ.get(DATA_BUCKET, "").strip()


def at_most() -> str:
    """Return the JSON object of seconds by event type, empty when none is set."""
    return os.environ.get(AT_MOST, "").strip()


def room_kinds() -> tuple[str, ...]:
    """Return the kinds of rooms beside the built-in ones; raise `NotConfigured` for a bad setting.

    The variable has the deployment's setting `room_kinds`, which is the stack's output `RoomKinds`.
    """
    try:
        return tuple(kinds.read(os.environ.get(ROOM_KINDS, "").strip()))
    except ValueError as exc:
        raise NotConfigured(f"{ROOM_KINDS}: {exc}") from exc


def tenant(choice: str | None = None) -> str:
    """Return the tenant whose rooms are published to, empty for none.

    Where the `choice` is None, the environment chooses. UUIDs are one tenant however they are
    spelled. Raises `NotConfigured` for what is no id.
    """
    chosen = os.environ.get(TENANT, "").strip() if choice is None else choice
    if chosen and not is_id(chosen):
        name = TENANT if choice is None else "tenant"
        raise NotConfigured(f"{name}: expected an id, 1 to 128 of A-Z a-z 0-9 . _ -")
    return canonical_id(chosen)


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


def seconds(name: str, default: float) -> float:
    """Return a time limit in seconds; raise `NotConfigured` when it is not a positive number."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not isfinite(value) or value <= 0:
        raise NotConfigured(f"{name}: expected a positive number of seconds")
    return value


def logs_invalid(choice: str | None) -> bool:
    """Tell whether an invalid event is logged instead of raised; None leaves it to the environment.

    Raises `NotConfigured` for a value other than `raise` and `log`.
    """
    chosen = choice or os.environ.get(ON_INVALID, "").strip() or "raise"
    if chosen not in _ON_INVALID:
        name = ON_INVALID if choice is None else "on_invalid"
        raise NotConfigured(f"{name}: expected one of {', '.join(_ON_INVALID)}")
    return chosen == "log"
