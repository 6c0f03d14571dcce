"""Publishes who came and who went: one event for a room and a batch, however many users it has.

The event goes the way of all events. Its id is derived from what it says and why, so that the
repeat of a batch is known as a repeat, and delivered to nobody twice.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID, uuid5

from roomcast.envelope import Envelope, encode
from roomcast.events.presence import PresenceEvent
from roomcast_backend.presence.changes import by_room
from roomcast_backend.stores.presence import Person

if TYPE_CHECKING:
    from roomcast.put_results import PutResult
    from roomcast_backend.presence.ports import UserLists

ANNOUNCEMENTS: Final = UUID("5c0b1f5e-7a0d-4a39-9a0e-2f4f7c1f0b6d")
"""The namespace of the events' ids: any UUID, as long as it stays the same."""

MOST_USERS: Final = 500
"""Users in one event: ids have up to 128 characters, and one post 128 KB."""


class NotAnnounced(Exception):
    """The bus did not accept an event; the batch, or the message, is repeated."""


class Bus(Protocol):
    """What takes entries; `roomcast.bus.EventBus` in production."""

    def put(self, entries: Sequence[Any]) -> list["PutResult"]:
        """Send entries and return a result for each, in order."""
        ...


class Announcements:
    """Publishes events of presence, each with how many users are in the room by then."""

    def __init__(self, bus: Bus, lists: "UserLists") -> None:
        self._bus = bus
        self._lists = lists

    def publish(self, kind: type[PresenceEvent], people: Collection[Person], *, why: str) -> int:
        """Publish that people came or went, and return how many events that were.

        `why` names the batch or the check, the same when it is repeated. Raises `NotAnnounced`.
        """
        counts = {room: len(self._lists.users(room)) for room in {each.room for each in people}}
        envelopes = [
            _envelope(kind, room, users, counts[room], why)
            for room, users in by_room(people, MOST_USERS)
        ]
        entries = [
            {
                "Source": envelope.source,
                "DetailType": envelope.type,
                "Detail": encode(envelope.to_detail()),
            }
            for envelope in envelopes
        ]
        refused = [result for result in self._bus.put(entries) if not result.accepted]
        if refused:
            raise NotAnnounced(f"{len(refused)} of {len(entries)} events: {refused[0].code}")
        return len(entries)


def _envelope(
    kind: type[PresenceEvent], room: str, users: list[str], count: int, why: str
) -> Envelope:
    chosen = uuid5(ANNOUNCEMENTS, " ".join([kind.type, why, room, *users]))
    envelope = kind(user_ids=users, count=count).to_envelope(id=str(chosen))
    return replace(envelope, rooms=(room,))
