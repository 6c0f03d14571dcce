"""Orders that end a user's access now: they travel on the bus beside the events.

{"id": "0198…", "type": "access.remove", "user_id": "ada", "room": "project:7",
 "reason": "has left the team", "source": "admin"}

`access.disconnect` and `access.revoke` have no room; the latter may have `issued_before`, epoch
seconds. `tenant` is there where the user belongs to one. No event can have such a type: `access.*`
is kept for the service.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self

from roomcast import event_names, rooms
from roomcast.envelope import encode, new_id
from roomcast.errors import InvalidEvent, InvalidRoom
from roomcast.tenants import stored_name

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

DISCONNECT: Final = "access.disconnect"
REMOVE: Final = "access.remove"
REVOKE: Final = "access.revoke"
TYPES: Final = (DISCONNECT, REMOVE, REVOKE)
SOURCE: Final = "roomcast_access"
"""Who asks, when nobody is named."""

LONGEST_TEXT: Final = 256
"""Characters of a reason, and of a source."""

NO_REASON: Final = "an administrator has ended this access"
LATEST_TIME: Final = 253_402_300_799
"""Epoch seconds of the end of the year 9999; a time in milliseconds lies beyond it."""

AUTOMATIC: Final = ("global", "user")
"""Kinds of rooms that every connection of a user is in as long as it lives."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order: take all connections of `user_id` away, or out of `room`, or end its tokens.

    `reason` is told to the client and logged; `source` is logged as who asked. `issued_before`
    (epoch seconds) says which tokens are revoked; 0 for those issued by the time of the order.
    `tenant` is that of the user and of the room, which has its public name here.
    """

    id: str
    type: str
    user_id: str
    room: str
    reason: str
    source: str
    issued_before: int = 0
    tenant: str = ""

    @property
    def account(self) -> str:
        """The user among those of all tenants."""
        return stored_name(self.tenant, self.user_id)

    @classmethod
    def make(
        cls,
        type: str,
        user_id: str,
        room: str = "",
        *,
        reason: str = "",
        source: str | None = None,
        issued_before: datetime | float | None = None,
        tenant: str = "",
    ) -> Self:
        """Return an order with a new id; raise `InvalidEvent` that names each bad field.

        `issued_before` is a datetime with a zone, or epoch seconds, and not in the future. Since
        tokens tell whole seconds, it is rounded up: what was issued before it never stays.
        """
        detail: dict[str, Any] = {
            "id": new_id(),
            "type": type,
            "user_id": user_id,
            "room": room,
            "reason": reason or NO_REASON,
            "source": SOURCE if source is None else source,
        }
        if tenant:
            detail["tenant"] = tenant
        if issued_before is not None:
            detail["issued_before"] = _past_second(type, issued_before)
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
        return cls(
            id=said["id"],
            type=said["type"],
            user_id=user_id,
            room=room,
            reason=said["reason"],
            source=said["source"],
            issued_before=said.get("issued_before", 0),
            tenant=rooms.canonical_id(said.get("tenant") or ""),
        )

    def entry(self) -> "Entry":
        """Return the order as an entry of the bus."""
        detail: dict[str, Any] = {
            "id": self.id,
            "type": self.type,
            "user_id": self.user_id,
            "reason": self.reason,
            "source": self.source,
        }
        if self.room:
            detail["room"] = self.room
        if self.tenant:
            detail["tenant"] = self.tenant
        if self.issued_before:
            detail["issued_before"] = self.issued_before
        return {"Source": self.source, "DetailType": self.type, "Detail": encode(detail)}


def _problems(said: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    kind = said.get("type")
    if kind not in TYPES:
        found.append(("type", f"expected one of {', '.join(TYPES)}"))
    if not isinstance(said.get("id"), str) or not rooms.is_id(said["id"]):
        found.append(("id", "expected an id"))
    user_id = said.get("user_id")
    if not isinstance(user_id, str) or not rooms.is_user_id(user_id):
        found.append(("user_id", "expected the id of a user, as roomcast.rooms.user_id writes it"))
    if kind == REMOVE and (problem := _problem_of_room(said.get("room"))):
        found.append(("room", problem))
    if "issued_before" in said and (problem := _problem_of_time(said)):
        found.append(("issued_before", problem))
    for name in ("reason", "source"):
        if not _is_text(said.get(name)):
            found.append((name, f"expected 1 to {LONGEST_TEXT} visible characters"))
    return found + _problems_of_tenant(said.get("tenant"))


def _problems_of_tenant(tenant: object) -> list[tuple[str, str]]:
    """Refuse what is no id, an empty text too: an order must not hit users of no tenant instead."""
    is_good = tenant is None or (isinstance(tenant, str) and rooms.is_id(tenant))
    return [] if is_good else [("tenant", "expected an id")]


def _past_second(kind: str, moment: datetime | float) -> int:
    """Return a moment in whole epoch seconds, rounded up; raise `InvalidEvent` for a future one."""
    if isinstance(moment, datetime):
        if moment.utcoffset() is None:
            raise InvalidEvent(kind, {"issued_before": "expected a datetime with a time zone"})
        moment = moment.timestamp()
    is_number = isinstance(moment, int | float) and not isinstance(moment, bool)
    if not is_number or not 0 < moment <= LATEST_TIME:  # NaN is in no range
        problem = "expected a datetime with a time zone, or epoch seconds"
        raise InvalidEvent(kind, {"issued_before": problem})
    if moment > time.time():
        problem = "expected a time that has come: nobody knows which tokens will be issued"
        raise InvalidEvent(kind, {"issued_before": problem})
    return math.ceil(moment)


def _problem_of_time(said: Mapping[str, Any]) -> str:
    if said.get("type") != REVOKE:
        return f"expected with {REVOKE} only"
    value = said["issued_before"]
    whole = isinstance(value, int) and not isinstance(value, bool)
    return "" if whole and 0 < value <= LATEST_TIME else "expected whole epoch seconds"


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
