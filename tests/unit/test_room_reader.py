"""The members of one room, with a store in memory."""

from collections.abc import Collection

from roomcast.envelope import Envelope
from roomcast_backend.fanout.room_reader import RoomReader
from roomcast_backend.fanout.work import Work, whole_event
from roomcast_backend.model.connection import Member
from roomcast_backend.stores.rooms import Page

NOW = 1_800_000_000.0
EVENT = Envelope("1", "t", "2026-01-01T00:00:00Z", "s", ("agent:a", "project:p"), {})
AGENT, PROJECT = whole_event(EVENT, {"agent:a": range(1), "project:p": range(1)}, started=NOW)


class Rooms:
    """Rooms with some members each, in the order of their names."""

    def __init__(self, **rooms: list[Member]) -> None:
        self.rooms = {name.replace("_", ":"): members for name, members in rooms.items()}

    def page(self, room: str, shard: int, *, size: int, after: str | None = None) -> Page:
        members = [m for m in self.rooms[room] if m.connection_id > (after or "")]
        more = len(members) > size
        return Page(members[:size], members[size - 1].connection_id if more else None)

    def among(self, room: str, connection_ids: Collection[str]) -> list[Member]:
        return [member for member in self.rooms[room] if member.connection_id in connection_ids]

    def overlap(self, room: str, connection_ids: Collection[str]) -> list[Member]:
        return self.rooms[room]


def member(name: str, *, expires_in: float = 60) -> Member:
    return Member(name, "json", int(NOW + expires_in), int(NOW - 3600))


def reader(rooms: Rooms, part: Work, queue: list[Work], *, size: int = 10) -> RoomReader:
    return RoomReader(
        rooms,
        [part],
        size=size,
        queue_rest=queue.append,
        clock=lambda: NOW,
    )


class TestRoomReader:
    def test_yields_the_living_and_keeps_the_expired(self) -> None:
        reading = reader(Rooms(agent_a=[member("a"), member("b", expires_in=0)]), AGENT, [])
        assert [m.connection_id for m in reading.members()] == ["a"]
        assert reading.delivered == {"a"}
        assert [m.connection_id for m in reading.expired] == ["b"]
        assert reading.queued == 0

    def test_leaves_out_the_members_of_an_earlier_room(self) -> None:
        rooms = Rooms(agent_a=[member("both")], project_p=[member("both"), member("one")])
        assert [m.connection_id for m in reader(rooms, PROJECT, []).members()] == ["one"]

    def test_who_is_muted_in_an_earlier_room_gets_it_through_this_one(self) -> None:
        muted = member("both")._replace(muted=True)
        rooms = Rooms(agent_a=[muted], project_p=[member("both")])
        assert [m.connection_id for m in reader(rooms, PROJECT, []).members()] == ["both"]

    def test_queues_the_rest_and_shows_it(self) -> None:
        queue: list[Work] = []
        reading = reader(Rooms(agent_a=[member(n) for n in "abc"]), AGENT, queue, size=2)
        assert repr(reading) == "<RoomReader parts=1 chunks=0 queued=0>"
        assert len(list(reading.members())) == 2
        assert queue == [AGENT.continue_after("b")]
        assert repr(reading) == "<RoomReader parts=1 chunks=1 queued=1>"
