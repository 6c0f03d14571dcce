"""Writes times for people: RFC 3339 in UTC."""

from datetime import UTC, datetime

from roomcast.envelope import timestamp


def moment(milliseconds: int) -> str:
    """Return a time, epoch milliseconds, as `2026-01-02T03:04:05.678Z`."""
    return timestamp(datetime.fromtimestamp(milliseconds / 1000, UTC))
