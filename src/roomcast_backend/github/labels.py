"""Reads priority and progress from the labels of an issue, which every team writes differently.

A label counts when it consists of a level and qualifiers (`priority`, `status`, …) only:
`priority: high`, `prio/high`, `High Priority` and `P1` count, `low-hanging fruit` does not.
"""

import re
from collections.abc import Iterable
from typing import Final, Literal

Priority = Literal["low", "medium", "high", "critical"]
Progress = Literal["in_progress", "blocked"]

_QUALIFIERS: Final = frozenset({"priority", "prio", "pri", "severity", "sev", "importance"})
_RANKS: Final[tuple[Priority, ...]] = ("low", "medium", "high", "critical")
_LEVELS: Final[dict[str, Priority]] = {
    "p0": "critical",
    "critical": "critical",
    "blocker": "critical",
    "urgent": "critical",
    "p1": "high",
    "high": "high",
    "p2": "medium",
    "medium": "medium",
    "p3": "low",
    "p4": "low",
    "low": "low",
}

_WORDS: Final = re.compile(r"[a-z0-9]+")


def priority(labels: Iterable[str]) -> Priority | None:
    """Return the highest priority that a label names, None when no label names one."""
    found = [level for label in labels for level in _levels(label)]
    return max(found, key=_RANKS.index, default=None)


def progress(labels: Iterable[str]) -> Progress | None:
    """Return `blocked` or else `in_progress` when a label says so, with or without `status`."""
    states = {"".join(_words(label)).removeprefix("status") for label in labels}
    if "blocked" in states:
        return "blocked"
    return "in_progress" if "inprogress" in states else None


def _levels(label: str) -> list[Priority]:
    words = [word for word in _words(label) if word not in _QUALIFIERS]
    return [_LEVELS[word] for word in words] if all(word in _LEVELS for word in words) else []


def _words(label: str) -> list[str]:
    return _WORDS.findall(label.lower())
