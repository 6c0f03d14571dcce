"""Which types of events a member wants of its room (docs/PROTOCOL.md, Chosen types); no I/O.

pattern       takes
pr.created    events of this type
workflow.*    events whose type begins with `workflow.`
*             all events

Events of presence have a switch of their own, `presence`: no pattern takes them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from roomcast.event_names import problem

MOST_PATTERNS = 50

MOST_BYTES = 512
"""All patterns of one room together, in UTF-8; the types of `roomcast.events` take less.

They are read with each member, and written with the row of their connection for each frame.
"""

REST = ".*"
"""What a pattern ends with that takes all types that begin alike."""

ALL = "*"

PRESENCE = "presence."
"""How the types begin that only members get who asked for presence."""

MARK = "*presence"
"""Stands for `presence` beside the patterns where these are stored: no pattern looks like it."""


class InvalidTypes(ValueError):
    """A list is no list of patterns; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class TypeFilter:
    """The patterns of a member, as few as say the same; without one it takes all types.

    Events of presence are taken by who asked for them, `presence`, whatever the patterns are.
    """

    patterns: frozenset[str] = frozenset()
    presence: bool = False

    def takes(self, event_type: str) -> bool:
        """Tell whether an event of this type is wanted."""
        if event_type.startswith(PRESENCE):
            return self.presence
        if not self.patterns or event_type in self.patterns:
            return True
        return any(pattern in self.patterns for pattern in _beginnings(event_type))

    def stored(self) -> frozenset[str]:
        """Return the filter as a set of texts; empty for one that takes all but presence."""
        return self.patterns | {MARK} if self.presence else self.patterns

    @classmethod
    def of_stored(cls, texts: frozenset[str]) -> Self:
        """Return the filter that `stored` has written."""
        return cls(texts - {MARK}, presence=MARK in texts)


EVERYTHING = TypeFilter()
"""What a member takes that chose nothing: all events but those of presence."""


def parse(patterns: Iterable[str]) -> TypeFilter:
    """Return the filter of 1 to 50 patterns of up to 512 bytes; raise `InvalidTypes` for others."""
    given = list(patterns)
    if not 1 <= len(given) <= MOST_PATTERNS:
        raise InvalidTypes(f"a list of 1 to {MOST_PATTERNS} patterns, got {len(given)}")
    for pattern in given:
        _check(pattern)
    if ALL in given:
        return EVERYTHING
    few = frozenset(pattern for pattern in given if not _is_covered(pattern, given))
    size = sum(len(pattern.encode()) for pattern in few)
    if size > MOST_BYTES:
        raise InvalidTypes(f"a list of at most {MOST_BYTES} bytes together, got {size}")
    return TypeFilter(few)


def _check(pattern: str) -> None:
    """Raise `InvalidTypes` unless this is a pattern."""
    beginning = pattern.removesuffix(REST)
    if pattern == ALL or (beginning != pattern and not problem(beginning) and ALL not in beginning):
        return
    if problem(pattern) or ALL in pattern:
        raise InvalidTypes(f'a list of event types, "workflow.*" or "*", got {pattern[:64]!r}')


def _is_covered(pattern: str, others: Iterable[str]) -> bool:
    """Tell whether another pattern takes all that this one does."""
    wider = set(others)
    return any(each in wider for each in _beginnings(pattern.removesuffix(REST)))


def _beginnings(event_type: str) -> Iterator[str]:
    """Yield the patterns that take this type with all that begin alike: `a.*`, `a.b.*`."""
    at = event_type.find(".")
    while at >= 0:
        yield event_type[:at] + REST
        at = event_type.find(".", at + 1)
