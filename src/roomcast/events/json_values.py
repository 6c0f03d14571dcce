"""The JSON form of the values that call sites have: `changes=updates.model_dump()` and the like.

value                                       JSON
datetime                                    RFC 3339 text in UTC, as in the fields of events
date, time, UUID, URL, path, IP address     text
Decimal                                     a number
timedelta                                   a number of seconds
enum member                                 the form of its value
tuple, set, frozenset, deque, dict view     a list; a set's items are sorted
mapping, dataclass, pydantic model          an object
"""

import json
import sys
from collections import deque
from collections.abc import Callable, Iterable, KeysView, Mapping, ValuesView
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any, Final, TypeAlias

from pydantic import BaseModel

from roomcast.deliverable import UNICODE, is_unicode
from roomcast.envelope import timestamp

Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

DEEPEST: Final = 250
"""How deep a value of one field may be nested; `roomcast.deliverable` allows an event some more."""

MAX_JSON_INTEGER: Final = 2**63 - 1
"""The largest integer in an event: EventBridge takes integers of 64 bits.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

_MOST_DIGITS: Final = 19
"""Of `MAX_JSON_INTEGER`: a Decimal such as 1E+999999 is not written out to be counted."""

TOO_DEEP: Final = f"expected JSON that is nested at most {DEEPEST} deep"

_TEXTS: Final = {
    "ipaddress": ("IPv4Address", "IPv4Network", "IPv6Address", "IPv6Network"),
    "pathlib": ("PurePath",),
    "pydantic.networks": ("AnyUrl",),
    "pydantic_core": ("Url",),
    "uuid": ("UUID",),
}
"""The types whose obvious form is what `str` makes of them, by their modules.

A value can only be of a type whose module is loaded: none of them is loaded for this."""

_LISTS: Final = (list, tuple, deque, KeysView, ValuesView)


def plain(value: object) -> object:
    """Return the JSON form of what is no list and no object; leave any other value as it is.

    Raises `ValueError` for a number or text that JSON, or EventBridge, cannot write.
    """
    while isinstance(value, Enum):
        value = value.value
    for kind, form in _FORMS:
        if isinstance(value, kind):
            return form(value)
    return str(value) if is_text(value) else value


def is_text(value: object) -> bool:
    """Tell whether the obvious form of a value is its `str`: a UUID, URL, path or IP address."""
    return any(
        module in sys.modules and isinstance(value, getattr(sys.modules[module], name))
        for module, names in _TEXTS.items()
        for name in names
    )


def of(value: object) -> Json:
    """Return the JSON form of a value; raise `ValueError` with what was expected, without it."""
    try:
        return _json(value, ())
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def is_object(value: object) -> bool:
    """Tell whether the JSON form of a value is an object."""
    return isinstance(value, Mapping | BaseModel) or (
        is_dataclass(value) and not isinstance(value, type)
    )


def text(value: str) -> str:
    """Return a text as plain `str`; raise `ValueError` when it has lone surrogates."""
    if not is_unicode(value):
        raise ValueError(UNICODE)
    return str.__str__(value)


def integer(value: int) -> int:
    """Return a number as plain `int`; raise `ValueError` when it has more than 64 bits."""
    if not -MAX_JSON_INTEGER <= value <= MAX_JSON_INTEGER:
        raise ValueError("expected integers of at most 64 bits")
    return int.__int__(value)


def number(value: Decimal) -> int | float:
    """Return a Decimal as the number that is nearest: whole ones as `int`."""
    if not value.is_finite():
        raise ValueError("expected finite numbers")
    whole = value.adjusted() < _MOST_DIGITS and value == value.to_integral_value()
    return integer(int(value)) if whole else _finite(float(value))


def seconds(value: timedelta) -> int | float:
    """Return a duration as a number of seconds: whole ones as `int`."""
    total = value.total_seconds()
    return int(total) if total.is_integer() else total


def _finite(value: float) -> float:
    if not isfinite(value):
        raise ValueError("expected finite numbers")
    return float.__float__(value)


_FORMS: Final[tuple[tuple[Any, Callable[[Any], object]], ...]] = (
    (str, text),
    (bool, bool),
    (int, integer),
    (float, _finite),
    (datetime, timestamp),  # before `date`, of which it is a kind
    (date, date.isoformat),
    (time, time.isoformat),
    (timedelta, seconds),
    (Decimal, number),
)


def _json(value: object, above: tuple[int, ...]) -> Json:
    """Return the JSON form of a value; `above` are the ids of the containers that it is in."""
    value = plain(value)
    if value is None or isinstance(value, str | int | float):
        return value
    if id(value) in above:
        raise ValueError("expected JSON without cycles")
    if len(above) >= DEEPEST:
        raise ValueError(TOO_DEEP)
    within = (*above, id(value))
    if isinstance(value, BaseModel):
        return _json(value.model_dump(), within)
    if isinstance(value, set | frozenset):
        return sorted((_json(item, within) for item in value), key=_place)
    if isinstance(value, _LISTS):
        return [_json(item, within) for item in value]
    return _object(_members(value), within)


def _members(value: object) -> Iterable[tuple[object, object]]:
    """Return the names and values of a mapping or dataclass; raise `ValueError` for the rest."""
    if isinstance(value, Mapping):
        return value.items()
    if is_dataclass(value) and not isinstance(value, type):
        return [(field.name, getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, bytes | bytearray | memoryview):
        raise ValueError("expected text instead of bytes: decode it, or encode it as base64")
    raise ValueError(f"expected values with a JSON form, got {type(value).__name__[:64]}")


def _object(items: Iterable[tuple[object, object]], within: tuple[int, ...]) -> dict[str, Json]:
    made: dict[str, Json] = {}
    for key, item in items:
        name = _name(key)
        if name in made:
            raise ValueError("expected keys that differ as text")
        made[name] = _json(item, within)
    return made


def _name(key: object) -> str:
    """Return the text of a key: a number, a moment or an id is written as its value would be."""
    match plain(key):
        case str(name):
            return name
        case None | bool() | int() | float() as value:
            return json.dumps(value)  # as JSON libraries write such keys: true, null, 1
        case _:
            raise ValueError("expected text for every key")


def _place(item: Json) -> tuple[str, float, str]:
    """Return what a set's items are sorted by: they have no order, and texts differ by process."""
    number = isinstance(item, int | float) and not isinstance(item, bool)
    return type(item).__name__, item if number else 0, json.dumps(item)  # type: ignore[return-value]
