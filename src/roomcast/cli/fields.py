"""The fields of an event as they are typed in a shell: KEY=VALUE, or one JSON object."""

import json
from collections.abc import Iterable
from typing import Any

import click

from roomcast.events import Event


def summary(event_type: type[Event]) -> str:
    """List an event's fields, with `?` behind those that may be left out."""
    fields = event_type.model_fields.items()
    return ", ".join(name if field.is_required() else f"{name}?" for name, field in fields)


def read(event_type: type[Event], data: str | None, pairs: Iterable[str]) -> dict[str, Any]:
    """Return the values that were typed; those of `pairs` go over those of `data`.

    Raises `click.UsageError` for what is no object or no pair; the values are the event's to check.
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
    """Return JSON's value, or the text itself: the event says what it expects instead."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text_fields(event_type: type[Event]) -> set[str]:
    """Name the fields that hold nothing but text, in which `123` or `null` is text, too."""
    properties = event_type.model_json_schema()["properties"]
    return {name for name, schema in properties.items() if _types(schema) <= {"string", "null"}}


def _types(schema: dict[str, Any]) -> set[str]:
    return {each.get("type", "any") for each in schema.get("anyOf", [schema])}
