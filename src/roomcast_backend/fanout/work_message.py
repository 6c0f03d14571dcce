"""Reads a queue message of a fan-out: which fields it has, and of which types and sizes.

What cannot be read is refused before anything is done with it: such a message stays wrong however
often the queue delivers it. Fields of a newer version, which this one does not know, are ignored.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from roomcast import deliverable
from roomcast.envelope import Envelope, InvalidEnvelope

MOST_SHARDS: Final = 256
"""The most shards that the settings allow a room."""

LATEST: Final = 1e12
"""Epoch seconds: later than every clock, and a float of full precision."""

LARGEST_POSITION: Final = 2**53 - 1
"""The largest whole number that clients in JavaScript read exactly."""


def read(message: str) -> dict[str, Any]:
    """Return the fields of the work in a message; `detail` has become `envelope`.

    Raises `InvalidEnvelope`, which names the field and none of its values.
    """
    found = _object(message)
    envelope = _envelope(found.get("detail"))
    fields: dict[str, Any] = {name: found.get(name) for name in EXPECTED}
    for name, (is_right, expected) in EXPECTED.items():
        if not is_right(fields[name]):
            raise InvalidEnvelope(f"{name}: expected {expected}")
    if fields["room"] >= len(envelope.rooms):
        raise InvalidEnvelope("room: expected the index of one of the event's rooms")
    return {**fields, "envelope": envelope, "only": tuple(dict.fromkeys(fields["only"]))}


def _object(message: str) -> dict[str, Any]:
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidEnvelope("message: expected a JSON object")
    return found


def _envelope(detail: object) -> Envelope:
    """Return the event with its positions, which a message of an older version does not have."""
    envelope = deliverable.read(detail)
    seqs = detail.get("seqs", {}) if isinstance(detail, Mapping) else None
    if not isinstance(seqs, dict) or not all(map(_is_position, seqs.values())):
        raise InvalidEnvelope("seqs: expected positions by the names of rooms")
    return replace(envelope, seqs=seqs)


def _is_position(value: object) -> bool:
    return _is_whole(value, 1, LARGEST_POSITION)


def _is_whole(value: object, least: int, most: int) -> bool:
    """Tell whether a value is a whole number between two others, which count too."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_time(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < LATEST


EXPECTED: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "started": (_is_time, "a time in epoch seconds"),
    "room": (lambda value: _is_whole(value, 0, LARGEST_POSITION), "a whole number"),
    "shard": (lambda value: _is_whole(value, 0, MOST_SHARDS - 1), f"less than {MOST_SHARDS}"),
    "after": (
        lambda value: value is None or deliverable.is_key(value),
        "the id of a connection, or null",
    ),
    "only": (
        lambda value: isinstance(value, list) and all(map(deliverable.is_key, value)),
        "a list of ids",
    ),
    "attempt": (lambda value: _is_whole(value, 0, LARGEST_POSITION), "a whole number"),
}
"""What each field beside the event has to be, and how that is said."""
