"""Turns pydantic's errors into `InvalidEvent`, whose messages never contain a value."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from roomcast import deliverable
from roomcast.envelope import Envelope
from roomcast.errors import InvalidEvent, InvalidRoom
from roomcast.events import json_values, own
from roomcast.rooms import Room

if TYPE_CHECKING:
    from roomcast.events.base import Event

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


def rooms(event_type: str, names: object) -> tuple[str, ...]:
    """Return the names of an event's rooms, each once; raise `InvalidEvent` for anything else."""
    if not isinstance(names, tuple | list) or not names:
        raise InvalidEvent(event_type, {"rooms": "expected a tuple with at least one room"})
    try:
        return tuple(dict.fromkeys(str(Room.parse(name)) for name in names))
    except InvalidRoom as exc:
        raise InvalidEvent(event_type, {"rooms": str(exc)}) from None


def payload(event_type: str, data: Callable[[], object]) -> dict[str, Any]:
    """Return what `data` returns as JSON values; raise `InvalidEvent`, which names the field."""
    try:
        values = data()
    except (PydanticSerializationError, UnicodeError, RecursionError):
        # Without a cause: the message contains the value.
        raise InvalidEvent(event_type, {"data": "expected JSON values only"}) from None
    if not isinstance(values, dict):
        raise InvalidEvent(event_type, {"data": "expected a JSON object"})
    return {_key(event_type, name): _value(event_type, name, values[name]) for name in values}


def state_key(kind: "type[Event]", data: Mapping[str, Any]) -> str:
    """Return which entity an event with this payload is about; raise `InvalidEvent`."""
    try:
        return own.state_key(kind, data)
    except ValueError as exc:
        raise InvalidEvent(kind.type, {"state_key": str(exc)}) from None


def check_deliverable(envelope: Envelope, *, own: bool) -> None:
    """Raise `InvalidEvent` for an envelope that cannot be delivered.

    The service's `own` events have types that nobody else may use.
    """
    found = deliverable.problems(envelope)
    if own:
        found.pop("type", None)
    if found:
        raise InvalidEvent(envelope.type, found)


def _key(event_type: str, name: object) -> str:
    if not isinstance(name, str) or not deliverable.is_unicode(name):
        raise InvalidEvent(event_type, {"data": "expected text for every key"})
    return name


def _value(event_type: str, name: object, value: object) -> json_values.Json:
    try:
        return json_values.of(value)
    except ValueError as exc:
        raise InvalidEvent(event_type, {_field((str(name),)): str(exc)}) from None


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
