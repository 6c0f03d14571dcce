"""Parses the fields of an event from the command line: KEY=VALUE, or one JSON object."""

import json
from collections.abc import Iterable
from typing import Any

import click

from roomcast.events import Event


def summary(event_type: type[Event]) -> str:
    """Return an event's fields as text; optional ones are followed by `?`."""
    fields = event_type.model_fields.items()
    return ", ".join(name if field.is_required() else f"{name}?" for name, field in fields)


def read(event_type: type[Event], data: str | None, pairs: Iterable[str]) -> dict[str, Any]:
    """Return the fields of the command line; those in `pairs` override those in `data`.

    Raises `click.UsageError` when `data` is not an object or a pair is not KEY=VALUE. The event
    checks the values.
    """
    texts = _text_fields(event_type)
    values = _object(data) if data is not None else {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not name or not equals:
            raise click.UsageError(f"expected KEY=VALUE, got {pair!r}")
        values[name] = text if name in texts else _value(text)
    return values


def _object(data: str) -> dict[str, Any]:
    try:
        values = json.loads(data)
    except ValueError as exc:
        raise click.UsageError(
            f"--data: expected a JSON object, got text that is no JSON: {exc}"
        ) from exc
    if not isinstance(values, dict):
        raise click.UsageError("--data: expected a JSON object, got other JSON")
    return values


def _value(text: str) -> Any:
    """Return the JSON value of `text`, or `text` itself when it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text_fields(event_type: type[Event]) -> set[str]:
    """Return the fields whose values are always text, also `123` and `null`."""
    properties = event_type.model_json_schema()["properties"]
    return {name for name, schema in properties.items() if _types(schema) <= {"string", "null"}}


def _types(schema: dict[str, Any]) -> set[str]:
    return {each.get("type", "any") for each in schema.get("anyOf", [schema])}
