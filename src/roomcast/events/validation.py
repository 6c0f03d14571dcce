"""Turns pydantic's errors into `InvalidEvent`, whose messages never contain a value."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from roomcast.errors import InvalidEvent

_MESSAGES = {
    "missing": "required",
    "extra_forbidden": "not a field of this event",
    "dict_type": "expected a JSON object",
    "list_type": "expected a list",
    "string_type": "expected text for every key",
    "recursion_loop": "expected JSON without cycles",
    "recursion_depth_exceeded": "expected JSON that is nested less deep",
    "invalid-json-value": "expected JSON values only",
}

_LONGEST_NAME = 64


@contextmanager
def raising_invalid_event(event_type: str) -> Iterator[None]:
    """Raise `InvalidEvent` in place of a `ValidationError` that the block raises."""
    try:
        yield
    except ValidationError as exc:
        # Without a cause: pydantic's message contains keys of the payload, and may be logged.
        raise InvalidEvent(event_type, field_errors(exc)) from None


def field_errors(error: ValidationError) -> dict[str, str]:
    """Return for each invalid field what was expected; the key of a list's item is `logs.3`."""
    return {_field(item["loc"]): _expected(item) for item in error.errors(include_url=False)}


def _field(loc: tuple[int | str, ...]) -> str:
    match loc:
        case (str(name), int(index)):
            name = f"{name}.{index}"
        case (str(name), *_):
            pass  # the rest of the path are keys of the payload
        case _:
            name = "data"
    return name[:_LONGEST_NAME].encode("ascii", "backslashreplace").decode()


def _expected(item: Any) -> str:
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    message: str = _MESSAGES.get(item["type"], item["msg"])
    return message.replace("Input should be", "expected", 1)
