"""Reads the types of events that a `subscribe` chooses (docs/PROTOCOL.md, Chosen types)."""

from collections.abc import Mapping
from typing import Any

from roomcast_backend.model.type_filter import EVERYTHING, InvalidTypes, TypeFilter, parse
from roomcast_backend.protocol.messages import Code, CommandRefused, kind_of


def types_of(body: Mapping[str, Any]) -> TypeFilter:
    """Return the filter in a command's `types`, all types without one.

    Raises `CommandRefused` when `types` is no list of patterns.
    """
    value = body.get("types")
    if value is None:
        return EVERYTHING
    if not isinstance(value, list):
        raise _invalid(f"a list, got {kind_of(value)}")
    for pattern in value:
        if not isinstance(pattern, str):
            raise _invalid(f"a list of strings, got {kind_of(pattern)} in it")
    try:
        return parse(value)
    except InvalidTypes as exc:
        raise _invalid(str(exc)) from exc


def _invalid(expected: str) -> CommandRefused:
    return CommandRefused(Code.INVALID_MESSAGE, f'expected "types" to be {expected}')
