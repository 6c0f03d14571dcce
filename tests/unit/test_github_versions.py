"""Versions of GitHub's objects sort as the changes came."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from roomcast_backend.github import versions

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def of(seconds: int, action: str = "edited", *, closed: bool = False) -> str:
    moment = NOON + timedelta(seconds=seconds)
    return versions.of_object(moment, action=action, is_closed=closed)


def run(attempt: int, action: str, seconds: int | None = 0) -> str:
    moment = None if seconds is None else NOON + timedelta(seconds=seconds)
    return versions.of_run(moment, attempt=attempt, action=action)


def test_objects() -> None:
    rising = [
        of(0, "opened"),
        of(1, "synchronize"),
        of(5, "closed", closed=True),
        of(6, "reopened"),
        of(7),
        of(100_000_000),
        versions.LAST,
    ]
    assert all(older < newer for older, newer in pairwise(rising))


def test_one_second() -> None:
    assert of(5, "opened") == of(5, "labeled") < of(5, "closed", closed=True)
    assert of(5, "closed", closed=True) == of(5, "reopened") == of(5, "labeled", closed=True)


def test_runs() -> None:
    rising = [
        run(1, "requested", 9),
        run(1, "in_progress", 8),
        run(1, "completed", None),
        run(1, "completed", 7),
        run(1, "completed", 8),
        run(2, "requested", 0),
        run(10, "requested", 0),
        run(versions.MAX_ATTEMPT, "requested", 0),
    ]
    assert all(older < newer for older, newer in pairwise(rising))
