"""The rooms that events are addressed to and that connections join.

A room's name is `global`, `user:<id>`, `project:<id>` or `agent:<id>`. Ids are UUIDs or short
names of 1 to 128 characters `A-Z a-z 0-9 . _ -`; UUIDs are written in lower case, so that one
project has one room however a caller spells its id.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from roomcast.errors import InvalidRoom

KINDS: Final = ("global", "project", "user", "agent")

_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def is_id(text: str) -> bool:
    """Tell whether `text` is an id: 1 to 128 of `A-Z a-z 0-9 . _ -`, which includes UUIDs."""
    return _ID.fullmatch(text) is not None


def canonical_id(text: str) -> str:
    """Return a UUID in lower case and any other id as it is."""
    return text.lower() if _UUID.fullmatch(text) else text


@dataclass(frozen=True, slots=True)
class Room:
    """One room: its kind and, except for `global`, the id of its project, user or agent."""

    kind: str
    id: str = ""

    @classmethod
    def parse(cls, name: object) -> Self:
        """Parse a room's name; raise `InvalidRoom` for any other value."""
        if name == "global":
            return cls("global")
        if not isinstance(name, str):
            raise InvalidRoom(name)
        kind, colon, room_id = name.partition(":")
        if not colon or kind not in KINDS or kind == "global" or not is_id(room_id):
            raise InvalidRoom(name)
        return cls(kind, canonical_id(room_id))

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else self.kind


GLOBAL: Final = Room("global")


def project(project_id: str) -> Room:
    """Return the room of one project."""
    return Room("project", canonical_id(project_id))


def user(user_id: str) -> Room:
    """Return the room of one user, which only connections of that user may join."""
    return Room("user", canonical_id(user_id))


def agent(agent_id: str) -> Room:
    """Return the room of one agent."""
    return Room("agent", canonical_id(agent_id))
