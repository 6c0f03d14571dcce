"""`subscribe` and `unsubscribe`, of one room or of many."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from roomcast_backend.inbound.changes import Changes
from roomcast_backend.inbound.presence_commands import PresenceCommands, filter_of
from roomcast_backend.inbound.room_names import (
    Offset,
    canonical,
    offset_of,
    room_of,
    rooms_of,
    string_of,
)
from roomcast_backend.inbound.room_plan import Plan, is_late, plan_joins, plan_leaves
from roomcast_backend.inbound.state_commands import StateCommands, how_of
from roomcast_backend.model.access import may_join
from roomcast_backend.model.connection import Connection
from roomcast_backend.model.order import Sent
from roomcast_backend.protocol.messages import Code, CommandRefused
from roomcast_backend.stores.memberships import ChangeResult

if TYPE_CHECKING:
    from roomcast_backend.inbound.ports import EventReplayer, MembershipChanger

Body = dict[str, Any]


class RoomCommands:
    """Joins and leaves rooms; the last command of a client that names a room wins."""

    def __init__(
        self,
        *,
        memberships: "MembershipChanger",
        replay: "EventReplayer",
        states: StateCommands,
        presence: PresenceCommands,
        changes: Changes,
        max_rooms_per_connection: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._memberships = memberships
        self._replay = replay
        self._states = states
        self._presence = presence
        self._changes = changes
        self._max_rooms = max_rooms_per_connection
        self._clock = clock

    def subscribe(self, connection: Connection, body: Mapping[str, Any], sent: Sent) -> Body:
        """Join a room, or the list `rooms`; with `since`, post what was missed there.

        `types` chooses what is wanted of it; without, everything is. `state` asks for what is
        current in it, and `presence` for who is there: both are read after it was joined.
        """
        if "rooms" in body:
            return self._subscribe_all(connection, body, sent)
        room = room_of(string_of(body, "room"), connection)
        types, how = filter_of(body), how_of(body)
        since = None if body.get("since") is None else offset_of(body, "since")

        def join(current: Connection) -> ChangeResult:
            if current.principal is None or not may_join(current.principal, room):
                raise CommandRefused(
                    Code.ROOM_ACCESS_DENIED, f"the token does not open {room.name}"
                )
            self._presence.check(room, types)
            if is_late(current, room, sent):
                return ChangeResult.SUPERSEDED
            return self._memberships.join(current, room, now=self._now(), sent=sent, types=types)

        joined = self._changes.apply(connection, join)
        reply: Body = {"status": "success", "room": room.name}
        if joined is None:
            return reply if since is None else {**reply, "recovered": False, "replayed": 0}
        if since is not None:
            wanting = replace(connection, filters={str(room): types})
            replayed = self._replay.post(wanting, [str(room)], since=since)
            reply |= {"recovered": replayed.complete, "replayed": replayed.count}
        there, size = self._presence.tell(connection, [str(room)], types)
        told = self._states.tell(connection, [str(room)], types, how, taken=size)
        return reply | told.reply | told.rooms.get(room.name, {}) | there.get(room.name, {})

    def unsubscribe(self, connection: Connection, body: Mapping[str, Any], sent: Sent) -> Body:
        """Leave a room, or the list `rooms`."""
        if "rooms" in body:
            return self._unsubscribe_all(connection, body, sent)
        room = room_of(string_of(body, "room"), connection)

        def leave(current: Connection) -> ChangeResult:
            if is_late(current, room, sent):
                return ChangeResult.SUPERSEDED
            return self._memberships.leave(current, room, now=self._now(), sent=sent)

        self._changes.apply(connection, leave)
        return {"status": "success", "room": room.name}

    def _subscribe_all(self, connection: Connection, body: Mapping[str, Any], sent: Sent) -> Body:
        wanted, since, types = rooms_of(body), _since(body), filter_of(body)
        how = how_of(body)
        plan = Plan()

        def join(current: Connection) -> ChangeResult:
            nonlocal plan
            plan = plan_joins(
                current,
                wanted,
                sent,
                full=self._changes.full,
                most=self._max_rooms,
                check=partial(self._presence.check, types=types),
            )
            if not plan.rooms:
                return ChangeResult.DONE
            return self._memberships.join_all(
                current, plan.rooms, now=self._now(), sent=sent, types=types
            )

        self._changes.apply(connection, join)
        joined = [str(room) for room in plan.rooms]
        asked = {name: since[name] for name in plan.accepted if name in since}
        reply: Body = {}
        recovered: dict[str, bool] = {}
        if asked:
            wanting = replace(connection, filters=dict.fromkeys(joined, types))
            recovered, reply["replayed"] = self._replay_all(wanting, plan, asked)
        there, size = self._presence.tell(connection, joined, types)
        told = self._states.tell(connection, joined, types, how, taken=size)
        names = [room.name for room in plan.rooms]
        details = {name: told.rooms.get(name, {}) | there.get(name, {}) for name in names}
        results = plan.results(wanted, recovered=recovered, states=details)
        return {"status": "success", "rooms": results, **reply, **told.reply}

    def _replay_all(
        self, connection: Connection, plan: Plan, asked: Mapping[str, Offset]
    ) -> tuple[dict[str, bool], int]:
        """Post what was missed in some rooms; return which are complete, and how many were posted.

        Rooms with the same offset are replayed together: an event of several is posted once. All of
        them share what one answer may post.
        """
        budget = self._replay.budget()
        joined = {room.name: str(room) for room in plan.rooms}
        recovered, count = dict.fromkeys(asked, False), 0
        for offset in dict.fromkeys(asked.values()):
            names = [name for name in asked if asked[name] == offset and name in joined]
            if names:
                rooms = [joined[name] for name in names]
                replayed = self._replay.post(connection, rooms, since=offset, budget=budget)
                recovered |= dict.fromkeys(names, bool(replayed.complete))
                count += replayed.count
        return recovered, count

    def _unsubscribe_all(self, connection: Connection, body: Mapping[str, Any], sent: Sent) -> Body:
        wanted = rooms_of(body)
        plan = Plan()

        def leave(current: Connection) -> ChangeResult:
            nonlocal plan
            plan = plan_leaves(current, wanted, sent)
            if not plan.rooms:
                return ChangeResult.DONE
            return self._memberships.leave_all(current, plan.rooms, now=self._now(), sent=sent)

        self._changes.apply(connection, leave)
        return {"status": "success", "rooms": plan.results(wanted)}

    def _now(self) -> int:
        return int(self._clock())


def _since(body: Mapping[str, Any]) -> Mapping[str, Offset]:
    """Return the offset of each room that has one: of all of `rooms` when `since` is no object."""
    since = body.get("since")
    if since is None:
        return {}
    if isinstance(since, dict):
        return {
            canonical(room): offset_of(since, room) for room in since if since[room] is not None
        }
    return dict.fromkeys(map(canonical, body["rooms"]), offset_of(body, "since"))
