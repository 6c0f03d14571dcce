"""Orders that end a user's access now: they travel on the bus beside the events.

{"id": "0198…", "type": "access.remove", "user_id": "ada", "room": "project:7",
 "reason": "has left the team", "source": "admin"}

`access.disconnect` has no room. No event can have such a type: `access.*` is kept for the service.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from roomcast import event_names, rooms
from roomcast.envelope import encode, new_id
from roomcast.errors import InvalidEvent, InvalidRoom

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

DISCONNECT: Final = "access.disconnect"
REMOVE: Final = "access.remove"
TYPES: Final = (DISCONNECT, REMOVE)
SOURCE: Final = "roomcast_access"
"""Who asks, when nobody is named."""

LONGEST_TEXT: Final = 256
"""Characters of a reason, and of a source."""

NO_REASON: Final = "an administrator has ended this access"
AUTOMATIC: Final = ("global", "user")
"""Kinds of rooms that every connection of a user is in as long as it lives."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order: take all connections of `user_id` away, or out of `room`.

    `reason` is told to the client and logged; `source` is logged as who asked.
    """

    id: str
    type: str
    user_id: str
    room: str
    reason: str
    source: str

    @classmethod
    def make(
        cls, type: str, user_id: str, room: str = "", *, reason: str = "", source: str | None = None
    ) -> Self:
        """Return an order with a new id; raise `InvalidEvent` that names each bad field."""
        detail = {
            "id": new_id(),
            "type": type,
            "user_id": user_id,
            "room": room,
            "reason": reason or NO_REASON,
            "source": SOURCE if source is None else source,
        }
        return cls.read(detail)

    @classmethod
    def read(cls, detail: object) -> Self:
        """Return the order that an entry of the bus holds; raise `InvalidEvent`."""
        said = detail if isinstance(detail, Mapping) else {}
        kind = said.get("type")
        problems = dict(_problems(said))
        if problems:
            raise InvalidEvent(kind if kind in TYPES else "access", problems)
        room = str(rooms.Room.parse(said["room"])) if kind == REMOVE else ""
        user_id = rooms.canonical_id(said["user_id"])
        return cls(said["id"], said["type"], user_id, room, said["reason"], said["source"])

    def entry(self) -> "Entry":
        """Return the order as an entry of the bus."""
        detail = {
            "id": self.id,
            "type": self.type,
            "user_id": self.user_id,
            "reason": self.reason,
            "source": self.source,
        }
        if self.room:
            detail["room"] = self.room
        return {"Source": self.source, "DetailType": self.type, "Detail": encode(detail)}


def _problems(said: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    if said.get("type") not in TYPES:
        found.append(("type", f"expected one of {', '.join(TYPES)}"))
    if not isinstance(said.get("id"), str) or not rooms.is_id(said["id"]):
        found.append(("id", "expected an id"))
    user_id = said.get("user_id")
    if not isinstance(user_id, str) or not rooms.is_user_id(user_id):
        found.append(("user_id", "expected the id of a user, as roomcast.rooms.user_id writes it"))
    if said.get("type") == REMOVE and (problem := _problem_of_room(said.get("room"))):
        found.append(("room", problem))
    for name in ("reason", "source"):
        if not _is_text(said.get(name)):
            found.append((name, f"expected 1 to {LONGEST_TEXT} visible characters"))
    return found


def _problem_of_room(name: object) -> str:
    try:
        room = rooms.Room.parse(name)
    except InvalidRoom as exc:
        return str(exc)
    if room.kind in AUTOMATIC:
        return f"nobody can be removed from {room.kind}: disconnect the user instead"
    return ""


def _is_text(text: object) -> bool:
    return (
        isinstance(text, str)
        and 1 <= len(text) <= LONGEST_TEXT
        and bool(text.strip())
        and not event_names.has_control_characters(text)
        and text.isprintable()
    )
