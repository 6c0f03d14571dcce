"""Explains what became of one event for one user, from what the tables keep.

event id ─▶ its fan-out ─▶ its rooms ─▶ entries of their logs
user     ─▶ user:<id> ─▶ connections ─▶ memberships in these rooms ─▶ a verdict each

Nothing is written for it but what the fan-out's row holds. Of connections that have ended, and of
memberships that were left, nothing is kept: then the answer says so.
"""

import re
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from roomcast.rooms import Room
from roomcast.tenants import event_key, stored_name
from roomcast_backend.explain.facts import ConnectionFacts, FanOut, RoomFacts
from roomcast_backend.explain.next_steps import next_step
from roomcast_backend.explain.times import moment
from roomcast_backend.explain.verdicts import Found, Verdict, best, of_connection
from roomcast_backend.model.access import may_join
from roomcast_backend.model.fan_out import FanOutRecord

if TYPE_CHECKING:
    from roomcast_backend.explain.ports import (
        ConnectionReader,
        EndedAccessReader,
        EntryReader,
        FanOutFinder,
        MemberReader,
    )

MOST_CONNECTIONS = 60
"""Connections, or sessions of Socket.IO, that are looked at: one read each."""

OWN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""A UUIDv7, which begins with its time."""


class Explainer:
    """Reads the tables; `keep` is for how many seconds logs keep an event."""

    def __init__(
        self,
        *,
        fan_outs: "FanOutFinder",
        log: "EntryReader",
        rooms: "MemberReader",
        connections: "ConnectionReader",
        ended: "EndedAccessReader",
        keep: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._fan_outs = fan_outs
        self._log = log
        self._rooms = rooms
        self._connections = connections
        self._ended = ended
        self._keep = keep
        self._clock = clock

    def explain(self, event_id: str, user: Room) -> dict[str, Any]:
        """Return the answer, as docs/PROTOCOL.md has it; `user` is the user's own room.

        The event is one of the tenant of that room: those of others are not known.
        """
        kept = self._fan_outs.find(event_key(user.tenant, event_id))
        if kept is None or not kept.rooms:
            return self._unknown(event_id, user, kept)
        rooms = self._room_facts(kept, user.tenant)
        connections, more = self._connections_of(user, rooms)
        fan_out = FanOut(
            kept.type, kept.begun_at, kept.ended_at if kept.has_ended else 0, kept.queued
        )
        found = [of_connection(each, fan_out, rooms) for each in connections]
        if kept.more_rooms:
            found = [_unless_reached(each, "not all rooms of the event are kept") for each in found]
        overall = self._overall(found, fan_out, rooms)
        if more:
            overall = _unless_reached(overall, "the user has more connections than are looked at")
        return {
            "event": _event(event_id, kept),
            "user": user.id,
            "rooms": [_room(each, connections) for each in rooms],
            "connections": [
                _connection(facts, each) for facts, each in zip(connections, found, strict=True)
            ],
            **({"more_connections": True} if more else {}),
            **_conclusion(overall, event_id, user, rooms),
        }

    def _unknown(self, event_id: str, user: Room, kept: FanOutRecord | None) -> dict[str, Any]:
        hours = self._keep // 3600
        if kept is not None:
            reason = "an earlier version has delivered it, which kept nothing of its rooms"
        elif OWN_ID.fullmatch(event_id) and self._is_old(event_id):
            reason = f"its id is older than the {hours} hours for which events are kept"
        else:
            reason = (
                f"no fan-out of it has begun within the last {hours} hours: it is not published, "
                "still on the bus, was dropped as invalid, or is not one of yours"
            )
        event = {"id": event_id, "known": False}
        found = Found(Verdict.UNKNOWN_EVENT, reason)
        return {
            "event": event,
            "user": user.id,
            "rooms": [],
            "connections": [],
            **_conclusion(found, event_id, user, []),
        }

    def _is_old(self, event_id: str) -> bool:
        published = int(event_id[:8] + event_id[9:13], 16)
        return published < (self._clock() - self._keep) * 1000

    def _room_facts(self, kept: FanOutRecord, tenant: str) -> list[RoomFacts]:
        return [self._room(name, kept.place(name)) for name in kept.rooms]

    def _room(self, name: str, place: int | None) -> RoomFacts:
        room = Room.stored(name)
        if not place:
            return RoomFacts(room, is_left_out=place == 0)
        entries = [each for each in self._log.at(name, [place]) if each.envelope]
        until = entries[0].logged_at + self._keep * 1000 if entries else 0
        still = until > self._clock() * 1000
        return RoomFacts(room, seq=place, replay_until=until if still else 0)

    def _connections_of(
        self, user: Room, rooms: Sequence[RoomFacts]
    ) -> tuple[list[ConnectionFacts], bool]:
        """Return the user's present connections, and whether there are more of them."""
        members = self._rooms.members(str(user), 0, size=MOST_CONNECTIONS + 1)
        ids = [each.connection_id for each in islice(members, MOST_CONNECTIONS + 1)]
        more, ids = len(ids) > MOST_CONNECTIONS, ids[:MOST_CONNECTIONS]
        if not ids:
            return [], False
        found = [each for each in map(self._connections.get, ids) if each is not None]
        memberships = {
            str(each.room): {
                member.connection_id: member for member in self._rooms.among(str(each.room), ids)
            }
            for each in rooms
        }
        account = stored_name(user.tenant, user.id)
        ended = self._ended.get(account, now=int(self._clock()))
        facts = [
            ConnectionFacts(
                each,
                {room: of[each.id] for room, of in memberships.items() if each.id in of},
                ended,
            )
            for each in found
        ]
        return facts, more

    def _overall(
        self, found: Sequence[Found], fan_out: FanOut, rooms: Sequence[RoomFacts]
    ) -> Found:
        if all(each.is_left_out for each in rooms):
            reason = "a newer event of the same publisher had told all that it tells"
            return Found(Verdict.LEFT_OUT, reason, rooms[0].room.name)
        if found:
            return best(found)
        if not fan_out.ended_at:
            return Found(
                Verdict.UNDER_WAY, "the fan-out has not ended, and the user has no connection now"
            )
        reason = "the user has no connection now; whether there was one then is not kept"
        return Found(Verdict.NOT_CONNECTED, reason)


def _unless_reached(found: Found, why: str) -> Found:
    """Return a verdict that says the event came, or may have; else that nothing is known."""
    if found.verdict in (Verdict.POSTED, Verdict.UNDER_WAY, Verdict.MEANWHILE):
        return found
    return Found(Verdict.NOT_KNOWN, f"{why}; {found.reason}", found.room)


def _event(event_id: str, kept: FanOutRecord) -> dict[str, Any]:
    state = "ended" if kept.has_ended else "queued" if kept.is_complete else "begun"
    event = {
        "id": event_id,
        "known": True,
        "type": kept.type,
        "published_at": kept.timestamp,
        "began_at": moment(kept.begun_at),
        "fan_out": state,
        "queued_parts": kept.queued,
        "posts": kept.posts,
    }
    if kept.has_ended:
        event["ended_at"] = moment(kept.ended_at)
    if kept.more_rooms:
        event["more_rooms"] = kept.more_rooms
    return event


def _room(facts: RoomFacts, connections: Sequence[ConnectionFacts]) -> dict[str, Any]:
    """Return what is told of a room; `may_join` is None where no connection has shown a token."""
    tokens = [each.connection.principal for each in connections]
    allowed = [may_join(token, facts.room) for token in tokens if token is not None]
    room: dict[str, Any] = {
        "room": facts.room.name,
        "may_join": any(allowed) if allowed else None,
        "left_out": facts.is_left_out,
    }
    if facts.seq is not None:
        room["seq"] = facts.seq
    if facts.replay_until:
        room["replay_until"] = moment(facts.replay_until)
    return room


def _connection(facts: ConnectionFacts, found: Found) -> dict[str, Any]:
    connection = facts.connection
    token = connection.principal
    return {
        "id": connection.id,
        "protocol": connection.protocol,
        "connected_at": moment(facts.connected_at),
        **({"token_expires_at": moment(token.expires_at * 1000)} if token else {}),
        "memberships": [
            {
                "room": Room.stored(room).name,
                "written_at": moment(member.joined_at * 1000),
                "muted": member.muted,
                **({"types": sorted(chosen)} if (chosen := member.types.stored()) else {}),
            }
            for room, member in facts.memberships.items()
        ],
        "verdict": found.verdict.value,
        "reason": found.reason,
    }


def _conclusion(
    found: Found, event_id: str, user: Room, rooms: Sequence[RoomFacts]
) -> dict[str, str]:
    """Return the overall verdict, why, and what to do."""
    about = [each for each in rooms if each.room.name == found.room] or list(rooms[:1])
    step = next_step(
        found.verdict,
        user=user.id,
        event_id=event_id,
        room=about[0].room.name if about else "",
        replay=bool(about and about[0].replay_until),
    )
    return {"verdict": found.verdict.value, "reason": found.reason, "next": step}
