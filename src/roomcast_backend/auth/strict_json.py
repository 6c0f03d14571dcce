"""Reads the JSON of tokens as RFC 7519 allows it: where parsers differ, the text is refused."""

import json
from typing import Any, NoReturn


def read_object(text: bytes) -> dict[str, Any]:
    """Return the object that `text` is; raise `ValueError` for all other bytes.

    Refused are: encodings other than UTF-8, duplicate names (RFC 7519, section 4), `NaN` and
    `Infinity`, integers of more than 4,300 digits (Python's limit), and nesting deeper than
    Python's recursion limit.
    """
    try:
        value = json.loads(
            text.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except RecursionError as exc:
        raise ValueError("expected JSON that is nested less deep") from exc
    if not isinstance(value, dict):
        raise ValueError("expected a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("expected each name once")
    return values


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("expected finite numbers")
