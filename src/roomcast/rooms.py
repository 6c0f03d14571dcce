"""The rooms that events are addressed to and that connections join.

A room's name is `global`, `user:<id>`, `project:<id>`, `agent:<id>`, or `<kind>:<id>` of a kind
that the deployment adds, see `roomcast.room_kinds`. Ids are UUIDs or short
names of 1 to 128 characters `A-Z a-z 0-9 . _ -`; UUIDs are written in lower case, so that one
project has one room however a caller spells its id.

A user's id may also hold `| @ + / = ~`, as identity providers write it (`auth0|6553da60`); any
other character is written as `%XX`, see `user_id`. No room's name holds a `#`, a `!` or a second
`:`. A room may belong to a tenant, see `roomcast.tenants`: no name that is parsed says so.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final, Self

from roomcast.errors import InvalidRoom
from roomcast.room_kinds import BUILT_IN
from roomcast.tenants import public_name, stored_name, tenant_of

LONGEST_ID: Final = 128
"""Characters of an id that names a room."""

_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_USER_ID = re.compile(r"(?=.{1,128}\Z)(?:[A-Za-z0-9._|@+/=~-]|%[0-9A-F]{2})+", re.ASCII)
_NOT_IN_USER_IDS = re.compile(rb"[^A-Za-z0-9._|@+/=~-]")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def is_id(text: str) -> bool:
    """Tell whether `text` is an id: 1 to 128 of `A-Z a-z 0-9 . _ -`, which includes UUIDs."""
    return _ID.fullmatch(text) is not None


def is_user_id(text: str) -> bool:
    """Tell whether `text` is the id of a user, as `user_id` writes it."""
    return _USER_ID.fullmatch(text) is not None


def user_id(subject: str) -> str:
    """Return the id of the user whom an identity provider calls `subject` (a token's `sub`).

    Two subjects never get the same id: what ids may not hold is written as the `%XX` of its UTF-8
    bytes, `%` too. Most subjects stay as they are; UUIDs are written in lower case. Raises
    `ValueError` for text with a space or a control character, and for an id that would be empty or
    longer than 128 characters.
    """
    if " " in subject or not subject.isprintable():
        raise ValueError("expected a user's id without spaces and control characters")
    written = _NOT_IN_USER_IDS.sub(lambda found: b"%%%02X" % ord(found[0]), subject.encode())
    text = written.decode()
    if not is_user_id(text):
        raise ValueError("expected a user's id of 1 to 128 characters")
    return canonical_id(text)


def canonical_id(text: str) -> str:
    """Return a UUID in lower case and any other id as it is."""
    return text.lower() if _UUID.fullmatch(text) else text


class _Own:
    """Tells the deployment's own kinds; the package says how, for this module reads no variable."""

    kinds: Callable[[], Collection[str]] = staticmethod(tuple)


def take_kinds_from(kinds: Callable[[], Collection[str]]) -> None:
    """Let `kinds` tell, whenever it is asked, which kinds of rooms there are beside the built-in.

    It may raise `NotConfigured`, which whoever parses the name of such a room gets.
    """
    _Own.kinds = staticmethod(kinds)


def kinds() -> tuple[str, ...]:
    """Return all kinds of rooms: the built-in ones, then the deployment's own."""
    return (*BUILT_IN, *_Own.kinds())


@dataclass(frozen=True, slots=True)
class Room:
    """One room: its kind and, except for `global`, the id of its project, user, agent or other.

    `str` gives the name under which it is stored, which tells its tenant, `name` the public one.
    """

    kind: str
    id: str = ""
    tenant: str = ""

    @classmethod
    def parse(cls, name: object) -> Self:
        """Parse a room's name; raise `InvalidRoom` for any other value. It has no tenant."""
        if name == "global":
            return cls("global")
        if not isinstance(name, str):
            raise InvalidRoom(name)
        kind, colon, room_id = name.partition(":")
        if not colon or not (is_user_id(room_id) if kind == "user" else is_id(room_id)):
            raise InvalidRoom(name)
        if kind == "global" or not (kind in BUILT_IN or kind in _Own.kinds()):
            raise InvalidRoom(name)
        return cls(kind, canonical_id(room_id))

    @classmethod
    def stored(cls, name: str) -> Self:
        """Return the room that is stored under a name, also if its kind is gone since.

        Rows and logs outlive a kind that is taken out of the setting.
        """
        kind, _, room_id = public_name(name).partition(":")
        return cls(kind, room_id, tenant_of(name))

    def of(self, tenant: str) -> Self:
        """Return the room that a tenant calls by the same name; empty is no tenant."""
        return replace(self, tenant=tenant) if tenant != self.tenant else self

    @property
    def name(self) -> str:
        """The name that clients and publishers know."""
        return f"{self.kind}:{self.id}" if self.id else self.kind

    def __str__(self) -> str:
        return stored_name(self.tenant, self.name)


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
