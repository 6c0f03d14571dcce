"""Reads the timestamps that publishers give: datetimes, or RFC 3339 text."""

import re
from datetime import UTC, datetime
from typing import Final

EXPECTED: Final = "expected a datetime or RFC 3339 text such as 2025-01-31T12:00:00Z"

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def in_utc(moment: datetime) -> datetime:
    """Return the same moment in UTC; a datetime without a zone counts as UTC.

    Raises `ValueError` for a moment that has no UTC counterpart, such as year 1 east of Greenwich.
    """
    if moment.utcoffset() is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError(EXPECTED) from exc


def read(value: object) -> datetime:
    """Return a datetime or RFC 3339 text as a datetime in UTC; raise `ValueError` otherwise.

    Text without an offset is accepted as UTC, since `datetime.utcnow().isoformat()` writes it so.
    """
    if isinstance(value, str):
        value = _parse(value)
    if not isinstance(value, datetime):
        raise ValueError(EXPECTED)
    return in_utc(value)


def _parse(text: str) -> datetime:
    text = text.upper()
    if not _RFC_3339.fullmatch(text):
        raise ValueError(EXPECTED)
    try:
        return datetime.fromisoformat(text)
    except ValueError as exc:
        raise ValueError(EXPECTED) from exc
