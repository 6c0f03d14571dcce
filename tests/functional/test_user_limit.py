"""How many connections one user may have, against moto's tables."""

import json
from typing import Any

import pytest

from roomcast.rooms import Room
from roomcast_backend.lifecycle.user_limit import UserLimit, surplus
from roomcast_backend.model.connection import Member
from roomcast_backend.statistics.stream_counter import users_rooms_joined
from roomcast_backend.stores.memberships import ChangeResult
from tests.fakes.socketio_server import OTHER, USER, Server

ROOM = f"user:{USER}"


class House(Server):
    """A service whose users may have some connections."""

    def __init__(self, dynamodb: Any) -> None:
        super().__init__(dynamodb)
        self.tokens["other"] = self.principal(OTHER)

    def json(self, connection_id: str, user: str = USER) -> None:
        """Connect a client with a token in its URL."""
        self.clock.advance(1)
        self.connect(connection_id, self.principal(user), protocol="json")
        connection = self.connections.get(connection_id)
        assert connection is not None
        assert self.memberships.settle(connection, now=int(self.clock.now)) is ChangeResult.DONE

    def limit(self, most: int, *rooms: str) -> int:
        limit = UserLimit(rooms=self.rooms, terminator=self.terminator, most=most)
        return limit.close_surplus(rooms or (ROOM,), until=self.clock.now + 25)

    def all_members(self, room: str) -> list[str]:
        """Return the members of a room, the muted ones, too."""
        return [each.connection_id for each in self.rooms.members(room, 0, size=100)]


@pytest.fixture
def house(dynamodb: Any) -> House:
    return House(dynamodb)


class TestLimit:
    def test_closes_the_oldest_with_a_reason(self, house: House) -> None:
        for number in range(5):
            house.json(f"j{number}")
        assert house.limit(3) == 2
        assert sorted(house.gateway.closed) == ["j0", "j1"]
        error = json.loads(house.heard("j0")[-1])
        assert error["type"] == "connection.error"
        assert error["data"]["error_code"] == "CONNECTION_LIMIT"
        assert house.members(ROOM) == ["j2", "j3", "j4"]
        assert house.connections.get("j0") is None
        assert house.heard("j4") == []

    def test_as_many_as_allowed_stay(self, house: House) -> None:
        for number in range(3):
            house.json(f"j{number}")
        assert house.limit(3) == 0
        assert house.gateway.closed == []

    def test_zero_is_no_limit(self, house: House) -> None:
        for number in range(3):
            house.json(f"j{number}")
        assert house.limit(0) == 0

    def test_those_of_others_do_not_count(self, house: House) -> None:
        house.json("j1")
        house.json("j2", OTHER)
        assert house.limit(1, ROOM, f"user:{OTHER}") == 0

    def test_a_socketio_client_is_told_not_to_come_back(self, house: House) -> None:
        house.connect("c1")
        house.begin("/ws")
        house.begin("/", recover=True)
        house.json("j1")
        assert house.limit(1) == 2
        assert house.gateway.closed == ["c1"]
        heard = sorted(house.heard("c1"))
        assert [frame[:24] for frame in heard] == [
            "41", "41/ws,", '42/ws,["connection_error', '42["connection_error",{"'
        ]  # fmt: skip
        assert {frame[:2] for frame in house.heard("c1")[:2]} == {"42"}  # the reason comes first
        assert house.rows("connections") == ["j1"]

    def test_sessions_of_one_connection_are_one(self, house: House) -> None:
        house.connect("c1")
        house.begin("/ws")
        house.begin("/")
        house.json("j1")
        assert house.limit(2) == 0

    def test_who_leaves_the_own_room_counts(self, house: House) -> None:
        house.json("j1")
        house.say(json.dumps({"action": "unsubscribe", "room": ROOM}), "j1")
        assert house.members(ROOM) == []
        house.json("j2")
        assert house.limit(1) == 1
        assert house.gateway.closed == ["j1"]

    def test_also_with_a_fresh_token_and_a_recovered_session(self, house: House) -> None:
        house.json("j1")
        house.connect("c1")
        pid = house.begin("/ws", recover=True)["pid"]
        house.ask("unsubscribe", room=ROOM)
        house.say(json.dumps({"action": "unsubscribe", "room": ROOM}), "j1")
        house.say(json.dumps({"action": "authenticate", "token": "good"}), "j1")
        house.drop("c1")
        house.connect("c2")
        house.begin("/ws", "c2", recover=True, pid=pid, offset="")
        assert house.members(ROOM) == []
        assert house.all_members(ROOM) == ["c2#/ws", "j1"]

    def test_another_user_leaves_nothing_behind(self, house: House) -> None:
        house.json("j1")
        house.say(json.dumps({"action": "unsubscribe", "room": ROOM}), "j1")
        house.say(json.dumps({"action": "authenticate", "token": "other"}), "j1")
        assert house.all_members(ROOM) == []
        assert house.all_members(f"user:{OTHER}") == ["j1"]
        house.drop("j1")
        assert house.rows("rooms") == []

    def test_not_when_the_time_is_over(self, house: House) -> None:
        house.json("j1")
        house.json("j2")
        limit = UserLimit(rooms=house.rooms, terminator=house.terminator, most=1)
        assert limit.close_surplus([ROOM], until=house.clock.now) == 0
        assert house.limit(1) == 1


class TestManyAtOnce:
    def test_at_most_as_many_stay(self, house: House) -> None:
        names = [f"j{number:03d}" for number in range(200)]
        for name in names:
            house.connect(name, house.principal(), protocol="json")
        now = int(house.clock.now)

        for number, name in enumerate(names):
            connection = house.connections.get(name)
            assert connection is not None
            house.memberships.settle(connection, now=now)
            if number in (60, 130):
                house.limit(50)  # a batch of the stream comes while others connect
        house.limit(50)
        assert len(house.members(ROOM)) == 50
        assert len(house.gateway.open - {"c1"}) == 50
        assert len(set(house.gateway.closed)) == len(house.gateway.closed) == 150


def member(name: str, joined_at: int) -> Member:
    return Member(name, "json", 2_000_000_000, joined_at)


class TestSurplus:
    def test_the_oldest(self) -> None:
        members = [member("a", 3), member("b", 1), member("c", 2)]
        assert surplus(members, most=2) == [members[1]]

    def test_all_agree_about_those_of_one_second(self) -> None:
        members = [member(name, 7) for name in "dbca"]
        assert surplus(members, most=1) == surplus(members[:3] + [members[3]], most=1)
        assert {each.connection_id for each in surplus(members, most=1)} == {"a", "b", "c"}

    def test_a_connection_is_as_old_as_its_oldest_session(self) -> None:
        members = [member("a#/ws", 1), member("a#/", 9), member("b#/ws", 5)]
        assert surplus(members, most=1) == members[:2]


Record = dict[str, Any]


def record(room: str | None, event: str = "INSERT") -> Record:
    keys = {"connection_id": {"S": "c1"}} | ({"room": {"S": f"{room}#000"}} if room else {})
    return {"eventName": event, "dynamodb": {"Keys": keys}}


class TestRecords:
    @pytest.mark.parametrize(
        "other",
        [record(None), record("global"), record("project:p"), record("user:b", "REMOVE"),
         record("user:b", "MODIFY")],
    )  # fmt: skip
    def test_only_new_members_of_users_rooms(self, other: Record) -> None:
        mine = record("user:a")
        assert users_rooms_joined([other, mine, mine]) == [str(Room.parse("user:a"))]
