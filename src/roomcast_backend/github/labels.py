"""Reads priority and progress from the labels of an issue, which every team writes differently.

A label counts when all of its words belong to a priority. `priority: high`, `P1 - high` and
`🔥 critical` count; `low-hanging fruit`, `high-contrast` and `critical path` do not, since they say
something else. Words that others use as well (`major`, `normal`, a bare number) count beside a
qualifier such as `priority` only.
"""

import re
from collections.abc import Iterable
from typing import Final, Literal

Priority = Literal["low", "medium", "high", "critical"]
Progress = Literal["in_progress", "blocked"]

_RANKS: Final[tuple[Priority, ...]] = ("low", "medium", "high", "critical")

_QUALIFIERS: Final = frozenset(
    {"priority", "prio", "pri", "p", "severity", "sev", "importance", "urgency"}
)
_FILLERS: Final = frozenset({"level"})

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
    "p5": "low",
    "low": "low",
}

_QUALIFIED: Final[dict[str, Priority]] = {
    "blocking": "critical",
    "crit": "critical",
    "emergency": "critical",
    "highest": "critical",
    "immediate": "critical",
    "hi": "high",
    "important": "high",
    "major": "high",
    "default": "medium",
    "med": "medium",
    "mid": "medium",
    "moderate": "medium",
    "normal": "medium",
    "backlog": "low",
    "lo": "low",
    "lowest": "low",
    "minor": "low",
    "trivial": "low",
}
"""Levels that count beside a qualifier only."""

_PHRASES: Final[dict[str, Priority]] = {
    "very high": "critical",
    "very low": "low",
    "critical urgent": "critical",
    "important soon": "high",
    "important longterm": "medium",
    "awaiting more evidence": "low",
}
"""Levels of several words, beside a qualifier; all but the first two are those of Kubernetes."""

_NUMBERS: Final[dict[str, Priority]] = {
    number: _LEVELS[f"p{number}"] for number in ("0", "1", "2", "3", "4", "5")
}

_WORDS: Final = re.compile(r"[^\W_]+")
_SHORTCODE: Final = re.compile(r"(?<!\S):[a-z0-9_+-]+:", re.ASCII | re.IGNORECASE)
_CAMEL_CASE: Final = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_NUMBERED: Final = re.compile(r"(priority|prio|pri|severity|sev)(\d+)", re.ASCII)


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
    """Return the levels that a label names, none when one of its words is no priority's."""
    words = _words(label)
    rest = [word for word in words if word not in _QUALIFIERS]
    if len(rest) == len(words):
        return _named(rest, _LEVELS)
    rest = [word for word in rest if word not in _FILLERS]
    phrase = _PHRASES.get(" ".join(rest))
    return [phrase] if phrase else _named(rest, _LEVELS | _QUALIFIED) or _numbered(rest)


def _named(words: list[str], levels: dict[str, Priority]) -> list[Priority]:
    """Return the levels of words; a number beside them only sorts the labels (`1 - high`)."""
    names = [word for word in words if word not in _NUMBERS]
    return [levels[word] for word in names] if all(word in levels for word in names) else []


def _numbered(words: list[str]) -> list[Priority]:
    return [_NUMBERS[word] for word in words] if all(word in _NUMBERS for word in words) else []


def _words(label: str) -> list[str]:
    """Return the words of a label in lower case, without emoji; `Sev2` is two words."""
    text = _CAMEL_CASE.sub(" ", _SHORTCODE.sub(" ", label)).lower()
    return _WORDS.findall(_NUMBERED.sub(r"\1 \2", text))
