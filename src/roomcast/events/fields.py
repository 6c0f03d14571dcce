"""The types of the fields in `data`: the values that a caller may pass, and their JSON form.

A check raises `ValueError` with what was expected. The message never contains the value, which may
be long or private.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Final

from pydantic import (
    BeforeValidator,
    Field,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
)

from roomcast import event_names, timestamps
from roomcast.envelope import timestamp
from roomcast.events import json_values
from roomcast.rooms import canonical_id, is_id, is_user_id

MAX_EXACT_INTEGER: Final = 2**53 - 1
"""The largest integer that a browser reads unchanged (Number.MAX_SAFE_INTEGER)."""

LONGEST_ID: Final = 256
"""The longest id that names no room, in characters."""


def _plain(value: object) -> object:
    """Return an enum member's value, and the text of a UUID or URL; leave the rest as it is."""
    while isinstance(value, Enum):
        value = value.value
    return str(value) if json_values.is_text(value) else value


def _text(value: object) -> object:
    value = _plain(value)
    if not isinstance(value, str):
        raise ValueError("expected text")
    return json_values.text(value)


def _integer_as_text(value: object) -> object:
    value = _plain(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(json_values.integer(value))
    return value


def _id(value: object) -> object:
    return event_id(_integer_as_text(value))


def event_id(value: object) -> object:
    """Check the id of an event, which is text: an integer could be taken for a position."""
    value = _plain(value)
    if not isinstance(value, str) or not is_id(value):
        raise ValueError("expected a UUID, or a short id of 1 to 128 of A-Z a-z 0-9 . _ -")
    return canonical_id(value)


def _user_id(value: object) -> object:
    value = _integer_as_text(value)
    if not isinstance(value, str) or not is_user_id(value):
        raise ValueError(
            "expected a UUID, or a short id of 1 to 128 of A-Z a-z 0-9 . _ - | @ + / = ~ and %XX"
        )
    return canonical_id(value)


def _object_id(value: object) -> object:
    value = _integer_as_text(value)
    if (
        not isinstance(value, str)
        or not 1 <= len(value) <= LONGEST_ID
        or event_names.has_control_characters(value)
    ):
        raise ValueError(
            f"expected an id: text of 1 to {LONGEST_ID} characters without control characters, "
            "or an integer"
        )
    return canonical_id(json_values.text(value))


def _as_number(value: object) -> object:
    value = _plain(value)
    return json_values.number(value) if isinstance(value, Decimal) else value


def _number(low: float, high: float) -> Callable[[object], object]:
    expected = f"expected a number from {low} to {high}"

    def check(value: object) -> object:
        try:
            value = _as_number(value)
        except ValueError as exc:
            raise ValueError(expected) from exc
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:  # type: ignore[operator]
            raise ValueError(expected)
        return value

    return check


def _seconds(value: object) -> object:
    return json_values.seconds(value) if isinstance(value, timedelta) else value


def _count(value: object) -> object:
    expected = f"expected a whole number from 0 to {MAX_EXACT_INTEGER}"
    try:
        value = _as_number(value)
    except ValueError as exc:
        raise ValueError(expected) from exc
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_EXACT_INTEGER:
        raise ValueError(expected)
    return value


def _step(value: object) -> object:
    value = _plain(value)
    try:
        return _text(value) if isinstance(value, str) else _count(value)
    except ValueError as exc:
        raise ValueError("expected the step's name, or its number from 0 on") from exc


def _object(value: object) -> object:
    if value is None:
        return {}
    if not json_values.is_object(value):
        raise ValueError("expected a JSON object")
    return json_values.of(value)


def now() -> datetime:
    """Return the current time, the default of `created_at` and `updated_at`."""
    return datetime.now(UTC)


Plain = BeforeValidator(_plain)
"""For a `Literal`: enum members are accepted and written as their values."""

Text = Annotated[str, BeforeValidator(_text)]
Id = Annotated[str, BeforeValidator(_id)]
"""An id that names a room: a UUID (text or `uuid.UUID`), written in lower case, or a short id; see
`roomcast.rooms`. An integer is taken as text."""

EventId = Annotated[str, BeforeValidator(event_id)]
"""The id of an event: a UUID, written in lower case, or a short id."""

ObjectId = Annotated[str, BeforeValidator(_object_id)]
"""An id that names no room: text of 1 to 256 characters without control characters. An integer is
taken as text, a UUID is written in lower case."""

UserId = Annotated[str, BeforeValidator(_user_id)]
"""The id of a user, who has a room: an `Id`, or what `roomcast.rooms.user_id` returns."""

Count = Annotated[int, Field(ge=0), BeforeValidator(_count)]
Step = Annotated[int | str, BeforeValidator(_step)]
Percent = Annotated[
    int | float,
    BeforeValidator(_number(0, 100)),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100}),
]
Fraction = Annotated[
    int | float,
    BeforeValidator(_number(0, 1)),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
]
Seconds = Annotated[
    int | float,
    BeforeValidator(_number(0, MAX_EXACT_INTEGER)),
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "number", "minimum": 0}),
]

Moment = Annotated[
    datetime,
    BeforeValidator(timestamps.read),
    PlainSerializer(timestamp, return_type=str, when_used="json"),
]
"""A datetime (without a zone: UTC) or RFC 3339 text; written as RFC 3339 in UTC."""

JsonObject = Annotated[
    dict[str, JsonValue],
    BeforeValidator(_object),
]
"""An object: a mapping, dataclass or pydantic model whose values have a JSON form; `None` is `{}`.

`roomcast.events.json_values` lists the forms."""
