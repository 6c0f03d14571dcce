"""What an event must be so that it can be delivered, whoever published it.

Publishers check it before they send, the service when an entry arrives: a publisher in another
language may put anything on the bus. What passes here can be written to every table, queue and
client.
"""

import json
from collections.abc import Mapping
from math import inf
from typing import Any, Final

from roomcast import event_names
from roomcast.envelope import MAX_ENTRY_BYTES, Envelope, InvalidEnvelope, encode

LONGEST_ID: Final = 1024
"""The largest sort key in DynamoDB, in bytes of UTF-8.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

LONGEST_TEXT: Final = 1024
"""Bytes of `source` and of `timestamp`, which every frame and every state of the event carries."""

DEEPEST: Final = 256
"""How deep `data` may be nested: Python clients read some 900 levels, others fewer."""

UNICODE: Final = "expected text without lone surrogates, which UTF-8 cannot write"


def read(detail: object) -> Envelope:
    """Return the envelope in the detail of an entry; raise `InvalidEnvelope`, which names fields.

    The message contains no value.
    """
    if not isinstance(detail, Mapping):
        raise InvalidEnvelope("detail: expected an object")
    envelope = Envelope.from_detail(detail)
    found = problems(envelope, largest=MAX_ENTRY_BYTES)
    if found:
        raise InvalidEnvelope("; ".join(f"{field}: {text}" for field, text in found.items()))
    return envelope


def problems(envelope: Envelope, *, largest: float = inf) -> dict[str, str]:
    """Return for each field that cannot be delivered what was expected of it.

    `largest` is the largest size of `data` in bytes; publishers have limits of their own.
    """
    found = {
        "type": event_names.problem(envelope.type),
        "id": _problem_of_text(envelope.id, LONGEST_ID),
        "timestamp": _problem_of_text(envelope.timestamp, LONGEST_TEXT),
        "source": _problem_of_text(envelope.source, LONGEST_TEXT),
    }
    found["data"] = _problem_of_data(envelope.data, largest)
    return {field: text for field, text in found.items() if text}


def is_unicode(text: str) -> bool:
    """Tell whether a text has no lone surrogates, so that UTF-8 can write it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def data_in(encoded: bytes) -> dict[str, Any]:
    """Return the object that encoded data is; empty where it is none that can be delivered."""
    try:
        data = json.loads(encoded)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) and not _problem_of_data(data, inf) else {}


def is_key(value: object) -> bool:
    """Tell whether a value is a text that DynamoDB takes as a key, of whichever kind."""
    return isinstance(value, str) and value != "" and not _problem_of_text(value, LONGEST_ID)


def _problem_of_text(text: str, longest: int) -> str:
    if not is_unicode(text):
        return UNICODE
    return f"expected at most {longest} bytes" if len(text.encode()) > longest else ""


def _problem_of_data(data: dict[str, Any], largest: float) -> str:
    if not _is_flat_enough(data):
        return f"expected JSON that is nested at most {DEEPEST} deep"
    try:
        text = encode(data)
    except (TypeError, ValueError):
        return "expected JSON values only, and finite numbers"
    if not is_unicode(text):
        return UNICODE
    return f"expected at most {largest} bytes" if len(text.encode()) > largest else ""


def _is_flat_enough(data: dict[str, Any]) -> bool:
    """Tell whether objects and lists are nested at most `DEEPEST` deep; goes level by level."""
    level: list[Any] = [data]
    for _ in range(DEEPEST):
        level = [
            item
            for each in level
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, dict | list)
        ]
        if not level:
            return True
    return False
