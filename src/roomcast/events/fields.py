"""The types of the fields in `data`: the values that a caller may pass, and their JSON form.

A check raises `ValueError` with what was expected. The message never contains the value, which may
be long or private.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from math import isfinite
from typing import Annotated, Final
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
)

from roomcast import timestamps
from roomcast.envelope import timestamp
from roomcast.rooms import canonical_id, is_id, is_user_id

MAX_EXACT_INTEGER: Final = 2**53 - 1
"""The largest integer that a browser reads unchanged (Number.MAX_SAFE_INTEGER)."""

MAX_JSON_INTEGER: Final = 2**63 - 1
"""The largest integer in an event: EventBridge takes integers of 64 bits.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""


def _plain(value: object) -> object:
    """Return an enum member's value and a UUID's text; leave anything else to the next check."""
    if isinstance(value, Enum):
        value = value.value
    return str(value) if isinstance(value, UUID) else value


def _text(value: object) -> object:
    value = _plain(value)
    if not isinstance(value, str):
        raise ValueError("expected text")
    if not _is_unicode(value):
        raise ValueError("expected text without lone surrogates, which UTF-8 cannot write")
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _id(value: object) -> object:
    value = _plain(value)
    if not isinstance(value, str) or not is_id(value):
        raise ValueError("expected a UUID, or a short id of 1 to 128 of A-Z a-z 0-9 . _ -")
    return canonical_id(value)


def _user_id(value: object) -> object:
    value = _plain(value)
    if not isinstance(value, str) or not is_user_id(value):
        raise ValueError(
            "expected a UUID, or a short id of 1 to 128 of A-Z a-z 0-9 . _ - | @ + / = ~ and %XX"
        )
    return canonical_id(value)


def _number(low: float, high: float) -> Callable[[object], object]:
    def check(value: object) -> object:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:  # type: ignore[operator]
            raise ValueError(f"expected a number from {low} to {high}")
        return value

    return check


def _count(value: object) -> object:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_EXACT_INTEGER:
        raise ValueError(f"expected a whole number from 0 to {MAX_EXACT_INTEGER}")
    return value


def _step(value: object) -> object:
    try:
        return _text(value) if isinstance(value, str | Enum) else _count(value)
    except ValueError as exc:
        raise ValueError("expected the step's name, or its number from 0 on") from exc


def _object(value: object) -> object:
    return {} if value is None else value


def _sendable(value: JsonValue) -> JsonValue:
    """Raise `ValueError` for values that JSON or EventBridge does not allow; return the others."""
    match value:
        case dict():
            for key, item in value.items():
                _sendable(key)
                _sendable(item)
        case list():
            for item in value:
                _sendable(item)
        case str():
            _text(value)
        case float() if not isfinite(value):
            raise ValueError("expected finite numbers")
        case int() if not -MAX_JSON_INTEGER <= value <= MAX_JSON_INTEGER:
            raise ValueError("expected integers of at most 64 bits")
    return value


def now() -> datetime:
    """Return the current time, the default of `created_at` and `updated_at`."""
    return datetime.now(UTC)


Plain = BeforeValidator(_plain)
"""For a `Literal`: enum members are accepted and written as their values."""

Text = Annotated[str, BeforeValidator(_text)]
Id = Annotated[str, BeforeValidator(_id)]
"""A UUID (text or `uuid.UUID`), written in lower case, or a short id; see `roomcast.rooms`."""

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
    AfterValidator(_sendable),
]
"""An object of JSON values, nested at most about 250 deep (pydantic's bound); `None` is `{}`."""
