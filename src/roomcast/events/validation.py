"""Say which fields of an event are wrong, in words that repeat none of its values."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from roomcast.errors import InvalidEvent

_SAID_OTHERWISE = {
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
def named(event_type: str) -> Iterator[None]:
    """Raise `InvalidEvent` for what pydantic refuses inside the block."""
    try:
        yield
    except ValidationError as exc:
        # Without its cause: pydantic's text has the payload's keys, and tracebacks end up in logs.
        raise InvalidEvent(event_type, problems(exc)) from None


def problems(error: ValidationError) -> dict[str, str]:
    """Map each offending field to what was expected there; items of lists as `logs.3`."""
    return {_field(item["loc"]): _expected(item) for item in error.errors(include_url=False)}


def _field(loc: tuple[int | str, ...]) -> str:
    match loc:
        case (str(name), int(index)):
            name = f"{name}.{index}"
        case (str(name), *_):
            pass  # the rest of the path is made of the caller's own keys
        case _:
            name = "data"
    return name[:_LONGEST_NAME].encode("ascii", "backslashreplace").decode()


def _expected(item: Any) -> str:
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    message: str = _SAID_OTHERWISE.get(item["type"], item["msg"])
    return message.replace("Input should be", "expected", 1)
