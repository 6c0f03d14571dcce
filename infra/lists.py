"""Settings of several values: comma-separated text, a list of `cdk.json`, or a list in JSON."""

import json
from typing import Any


def as_text(value: Any) -> Any:
    """Return a list as comma-separated text, and anything else as it is."""
    values = _from_json(value) if isinstance(value, str) else value
    if not isinstance(values, list):
        return value
    if not all(isinstance(each, str) and "," not in each for each in values):
        raise ValueError("expected a list of texts without commas")
    return ",".join(each.strip() for each in values)


def stripped(text: str) -> str:
    """Return comma-separated text without spaces around the values, and without empty ones."""
    return ",".join(value for each in text.split(",") if (value := each.strip()))


def _from_json(text: str) -> Any:
    if not text.lstrip().startswith("["):
        return None
    try:
        return json.loads(text)
    except ValueError as exc:
        raise ValueError("expected a list in JSON, or comma-separated text") from exc
