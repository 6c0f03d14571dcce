"""The patterns of rooms that a token opens: `project:atlas`, `team:at*`, `team:*`; no I/O.

A pattern is a room's name, or the beginning of one with `*` for the rest. The kind always stands
there in full, so that a token never opens rooms of a kind that its issuer did not name. `global`
needs no pattern, and no pattern opens a room of a user.
"""

import re
from collections.abc import Collection, Iterable
from typing import Final

from roomcast.rooms import LONGEST_ID, Room, canonical_id

NEVER: Final = ("global", "user", "connection")
"""The kinds that no pattern opens: who may be there does not depend on grants."""

_PATTERN: Final = re.compile(r"([a-z][a-z0-9_-]*):([A-Za-z0-9._-]*)(\*?)", re.ASCII)


def canonical(text: str) -> str:
    """Return a pattern as rooms are named, UUIDs in lower case; empty when `text` is none."""
    found = _PATTERN.fullmatch(text)
    if found is None or found[1] in NEVER or len(found[2]) > LONGEST_ID:
        return ""
    if not found[2] and not found[3]:
        return ""
    return f"{found[1]}:{canonical_id(found[2])}{found[3]}"


def patterns(texts: Iterable[str]) -> frozenset[str]:
    """Return the patterns among `texts`; what is none opens nothing."""
    return frozenset(canonical(text) for text in texts) - {""}


def opens(opened: Collection[str], room: Room) -> bool:
    """Tell whether one of the patterns opens a room; takes as long however many there are.

    They name the rooms of their token's tenant; whether the room is one of it, `may_join` tells.
    """
    if not opened or room.kind in NEVER:
        return False
    name = room.name
    first = len(room.kind) + 1
    return name in opened or any(f"{name[:end]}*" in opened for end in range(first, len(name) + 1))
