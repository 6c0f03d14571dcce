"""Who is in a room, for members that asked for it (docs/PROTOCOL.md, Presence); no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, takewhile
from math import inf
from typing import Any, Final

from roomcast.rooms import Room

MOST_NAMED: Final = 100
"""Users that a list of who is there names; the count has all of them."""


@dataclass(frozen=True, slots=True)
class Present:
    """The users in a room: the first ones in the order of their ids, and how many there are."""

    users: tuple[str, ...]
    count: int

    @property
    def size(self) -> int:
        """The bytes that the users take in a reply."""
        return sum(map(_size, self.users))

    def body(self) -> dict[str, Any]:
        """Return it as replies have it."""
        return {"users": list(self.users), "count": self.count}


def present(users: Iterable[str], *, also: str = "", most: float = inf) -> Present:
    """Return the list of some users, and of one `also`, who may be among them.

    It names up to `MOST_NAMED`, of at most `most` bytes.
    """
    found = sorted(set(users) | ({also} if also else set()))
    sizes = accumulate(map(_size, found[:MOST_NAMED]))
    fitting = takewhile(lambda each: each[1] <= most, zip(found, sizes, strict=False))
    return Present(tuple(user for user, _ in fitting), len(found))


def _size(user: str) -> int:
    """Return the bytes of an id in a list: ids are ASCII, with quotation marks and a comma."""
    return len(user) + len('"",')


@lru_cache(maxsize=8)
def kinds_of(setting: str) -> frozenset[str]:
    """Return the kinds of rooms in the setting `presence_rooms`, a list with commas."""
    return frozenset(name for each in setting.split(",") if (name := each.strip()))


def has_presence(room: str, kinds: frozenset[str]) -> bool:
    """Tell whether a room is of one of the `kinds` that have presence."""
    return Room.stored(room).kind in kinds
