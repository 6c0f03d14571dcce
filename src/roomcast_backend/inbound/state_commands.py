"""`subscribe` with `state`, and `state`: what is current in a room, after it was joined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from roomcast.deliverable import is_key
from roomcast.tenants import public_name
from roomcast_backend.inbound.room_names import room_of, string_of
from roomcast_backend.model.access import told_first_to_last
from roomcast_backend.model.connection import Connection
from roomcast_backend.model.order import Sent
from roomcast_backend.model.type_filter import EVERYTHING, TypeFilter
from roomcast_backend.protocol.messages import Code, CommandRefused, kind_of
from roomcast_backend.state.telling import REPLY_BYTES, Page

if TYPE_CHECKING:
    from roomcast_backend.inbound.ports import StateTelling

LATER: Final = Page([], next="")
"""Of a room that the reply has no room for: the next page is its first."""


class How(Enum):
    """How a client wants to be told what is current."""

    NOT = "not"
    IN_REPLY = "in reply"
    AS_EVENTS = "as events"


@dataclass(slots=True)
class Told:
    """What is added to the reply, and to the results of single rooms, by their public names."""

    reply: dict[str, Any] = field(default_factory=dict)
    rooms: dict[str, dict[str, Any]] = field(default_factory=dict)


def how_of(body: Mapping[str, Any]) -> How:
    """Return what a command's `state` asks for; raise `CommandRefused` for anything else."""
    value = body.get("state")
    if value is None or value is False:
        return How.NOT
    if value is True:
        return How.IN_REPLY
    if value == "replay":
        return How.AS_EVENTS
    given = repr(value)[:64] if isinstance(value, str) else kind_of(value)
    raise CommandRefused(
        Code.INVALID_MESSAGE, f'expected "state" to be true or "replay", got {given}'
    )


class StateCommands:
    """Tells clients what is current in rooms that they are in."""

    def __init__(self, teller: "StateTelling") -> None:
        self._teller = teller

    def tell(
        self,
        connection: Connection,
        rooms: Sequence[str],
        types: TypeFilter,
        how: How,
        *,
        taken: int = 0,
    ) -> Told:
        """Tell what is current in rooms that were just joined, and return what the reply says.

        Rooms that keep no state are left out. All rooms share what one reply has room for, of which
        so many bytes are `taken`; one whose first entity does not fit is told by `state`.
        """
        kept = [room for room in rooms if self._teller.keeps(room)]
        if how is How.NOT or not kept:
            return Told()
        if how is How.AS_EVENTS:
            wanting = replace(connection, filters=dict.fromkeys(kept, types))
            posted = self._teller.post(wanting, kept)
            left = {public_name(room): {"next": key} for room, key in posted.left.items()}
            return Told({"entities": posted.count}, left)
        told, left_over = Told(), REPLY_BYTES - taken
        for room in kept:
            page = self._teller.page(room, types=types, most=left_over) if left_over > 0 else LATER
            if page.size > left_over:
                page = LATER
            left_over -= page.size
            told.rooms[public_name(room)] = page.body()
        return told

    def tell_automatic(self, connection: Connection) -> dict[str, str]:
        """Tell, as events, what is current in the automatic rooms.

        Return the rooms in which more is left than one answer posts, and after which key.
        """
        if connection.principal is None:
            return {}
        rooms = told_first_to_last(connection.principal)
        told = self.tell(connection, rooms, EVERYTHING, How.AS_EVENTS)
        return {room: left["next"] for room, left in told.rooms.items()}

    def state(self, connection: Connection, body: Mapping[str, Any], sent: Sent) -> dict[str, Any]:
        """Return a page of the state of a room that the connection is in."""
        del sent
        found = room_of(string_of(body, "room"), connection)
        room, name = str(found), found.name
        after = string_of(body, "after") if body.get("after") is not None else ""
        if room not in connection.rooms:
            raise CommandRefused(Code.ROOM_ACCESS_DENIED, f"subscribe to {name} first")
        if not self._teller.keeps(room):
            raise CommandRefused(Code.INVALID_MESSAGE, f"the service keeps no state of {name}")
        if after and not is_key(after):
            raise CommandRefused(
                Code.INVALID_MESSAGE, 'expected "after" to be the "next" of a reply'
            )
        types = connection.filters.get(room, EVERYTHING)
        page = self._teller.page(room, types=types, after=after)
        return {"status": "success", "room": name, **page.body()}
