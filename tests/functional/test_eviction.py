"""Orders that end a user's access, against moto's tables: whole, repeated, late and cut off."""

import json
import time
from threading import Lock
from typing import Any

import pytest

from roomcast.access import DISCONNECT, REMOVE, Order
from roomcast.rooms import Room
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.lifecycle.eviction import LOOKS, Ended, Evictor, Unfinished
from roomcast_backend.lifecycle.termination import NOTICE_PAUSES
from roomcast_backend.stores.memberships import ChangeResult
from tests.fakes.socketio_server import OTHER, USER, Server

ROOM = f"user:{USER}"
PROJECT = "project:p1"


class House(Server):
    """A service with an evictor, and a clock that a test can act with while it looks again."""

    def __init__(self, dynamodb: Any) -> None:
        super().__init__(dynamodb)
        self.meanwhile: dict[int, Any] = {}
        self.evictor = Evictor(
            rooms=self.rooms,
            connections=self.connections,
            memberships=self.memberships,
            terminator=self.terminator,
            ended_access=self.ended_access,
            clock=self.clock,
            sleep=self._sleep,
        )
        self._looks = 0

    def _sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self._looks += 1
        self.meanwhile.pop(self._looks, lambda: None)()

    def connecting(self, connection_id: str, user: str = USER) -> None:
        """Store a connection that is in no room yet."""
        self.connect(connection_id, self.principal(user), protocol="json")

    def settle(self, connection_id: str) -> None:
        connection = self.connections.get(connection_id)
        assert connection is not None
        assert self.memberships.settle(connection, now=int(self.clock.now)) is ChangeResult.DONE

    def json(self, connection_id: str, user: str = USER, room: str = "") -> None:
        """Connect a client with a token in its URL, and maybe let it join a room."""
        self.connecting(connection_id, user)
        self.settle(connection_id)
        if room:
            self.join(connection_id, room)

    def join(self, connection_id: str, room: str) -> None:
        connection = self.connections.get(connection_id)
        assert connection is not None
        now = int(self.clock.now)
        result = self.memberships.join(connection, Room.parse(room), now=now)
        assert result is ChangeResult.DONE

    def order(self, kind: str = DISCONNECT, room: str = "", *, at: int | None = None) -> Ended:
        ended = Ended()
        order = Order.make(kind, USER, room, reason="has left")
        ordered_at = int(self.clock.now) if at is None else at
        self.evictor.carry_out(order, ended, ordered_at=ordered_at, until=self.clock.now + 100)
        return ended


@pytest.fixture
def house(dynamodb: Any) -> House:
    return House(dynamodb)


class TestDisconnect:
    def test_closes_all_connections_of_the_user_with_the_reason(self, house: House) -> None:
        house.json("j1")
        house.connect("c1")
        house.begin("/ws")
        house.json("j2", OTHER)
        assert house.order() == Ended(found=2, ended=2)
        assert sorted(house.gateway.closed) == ["c1", "j1"]
        error = json.loads(house.heard("j1")[-1])
        assert error["type"] == "connection.error"
        assert error["data"]["error_code"] == "ACCESS_REVOKED"
        assert error["data"]["error_message"] == "has left"
        reason, end = house.heard("c1")[-2:]
        assert '"ACCESS_REVOKED"' in reason
        assert end == "41/ws,"  # the client does not connect again by itself
        assert house.rows("connections") == ["j2"]
        assert house.members(ROOM) == []

    def test_whose_reason_is_throttled_is_told_again_and_nobody_else(self, house: House) -> None:
        house.json("j1")
        house.connect("c1")
        house.begin("/ws")
        before = len(house.heard("c1"))
        house.gateway.fail("c1", Outcome.THROTTLED, Outcome.THROTTLED)
        house.order()
        reason, end = house.heard("c1")[before:]
        assert '"ACCESS_REVOKED"' in reason
        assert end == "41/ws,"
        assert len(house.heard("j1")) == 1
        assert sorted(house.gateway.closed) == ["c1", "j1"]

    def test_whose_reason_is_throttled_too_often_is_closed_without(self, house: House) -> None:
        house.json("j1")
        house.gateway.fail("j1", *[Outcome.THROTTLED] * len(NOTICE_PAUSES))
        assert house.order().ended == 1
        assert (house.heard("j1"), house.gateway.closed) == ([], ["j1"])

    def test_without_time_nobody_is_told_again(self, house: House) -> None:
        house.json("j1")
        house.gateway.fail("j1", *[Outcome.THROTTLED] * len(NOTICE_PAUSES))
        posts, now = house.gateway.posts, house.clock.now
        order, until = Order.make(DISCONNECT, USER), now + sum(NOTICE_PAUSES[:2])
        with pytest.raises(Unfinished):  # its row is left for the repetition
            house.evictor.carry_out(order, Ended(), ordered_at=int(now), until=until)
        assert (house.gateway.posts - posts, house.gateway.closed) == (2, ["j1"])
        assert house.order(at=int(now)).ended == 1

    def test_twice_is_once(self, house: House) -> None:
        house.json("j1")
        at = int(house.clock.now)
        assert house.order(at=at).ended == 1
        assert house.order(at=at) == Ended()

    def test_who_came_after_a_late_order_stays(self, house: House) -> None:
        at = int(house.clock.now)
        house.clock.advance(1)
        house.json("j1")
        assert house.order(at=at) == Ended()
        house.clock.advance(3600)
        assert house.order(at=at) == Ended()
        assert house.gateway.closed == []

    @pytest.mark.parametrize("look", range(1, len(LOOKS)))
    def test_who_is_connecting_is_found_when_in_the_room(self, house: House, look: int) -> None:
        house.connecting("j1")
        house.meanwhile[look] = lambda: house.settle("j1")
        assert house.order() == Ended(found=1, ended=1)
        assert house.gateway.closed == ["j1"]

    def test_it_looks_until_no_handshake_can_be_under_way(self) -> None:
        assert LOOKS[-1] > 15

    def test_without_time_it_is_unfinished_and_a_repetition_goes_on(self, house: House) -> None:
        for number in range(3):
            house.json(f"j{number}")
        ended, now = Ended(), house.clock.now
        order = Order.make(DISCONNECT, USER)
        with pytest.raises(Unfinished):
            house.evictor.carry_out(order, ended, ordered_at=int(now), until=now)
        assert (ended.found, ended.ended, ended.failed) == (3, 0, 3)
        assert house.order(at=int(now)).ended == 3

    def test_a_crash_before_the_rows_are_deleted_is_made_good(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house.json("j1")
        at = int(house.clock.now)

        def crash(*_: Any, **__: Any) -> None:
            raise AwsError("UpdateItem", "ServiceUnavailable", "crash")

        with monkeypatch.context() as patched:
            patched.setattr(house.memberships, "forget", crash)
            with pytest.raises(AwsError):
                house.order(at=at)
        assert house.order(at=at).ended == 1
        assert house.rows("connections") == []


class TestRemove:
    def test_leaves_the_room_and_stays_open(self, house: House) -> None:
        house.json("j1", room=PROJECT)
        house.json("j2", OTHER, room=PROJECT)
        house.json("j3")
        assert house.order(REMOVE, PROJECT) == Ended(found=1, ended=1)
        assert house.members(PROJECT) == ["j2"]
        assert house.members(ROOM) == ["j1", "j3"]
        assert house.gateway.closed == []
        error = json.loads(house.heard("j1")[-1])["data"]
        assert (error["error_code"], error["room"]) == ("ACCESS_REVOKED", PROJECT)
        assert error["error_message"] == "has left"
        assert house.heard("j3") == []

    def test_a_throttled_reason_is_told_again(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house.json("j1", room=PROJECT)
        post, refused = house.gateway.post, [Outcome.THROTTLED]

        def throttled(*said: Any) -> Outcome:
            return refused.pop() if refused else post(*said)

        monkeypatch.setattr(house.gateway, "post", throttled)
        assert house.order(REMOVE, PROJECT).ended == 1
        assert "ACCESS_REVOKED" in house.heard("j1")[-1]

    def test_the_gateway_gets_one_reason_at_a_time(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(4):
            house.json(f"j{number}", room=PROJECT)
        post, exchange = house.gateway.post, Lock()

        def one_at_a_time(*said: Any) -> Outcome:
            assert exchange.acquire(blocking=False)
            time.sleep(0.01)  # the others come meanwhile
            exchange.release()
            return post(*said)

        monkeypatch.setattr(house.gateway, "post", one_at_a_time)
        assert house.order(REMOVE, PROJECT).ended == 4

    def test_a_session_of_socketio(self, house: House) -> None:
        house.connect("c1")
        house.begin("/ws")
        assert house.ask("subscribe", room=PROJECT)["status"] == "success"
        assert house.order(REMOVE, PROJECT).ended == 1
        assert house.members(PROJECT) == []
        assert '42/ws,["connection_error"' in house.heard("c1")[-1]

    def test_who_joined_after_a_late_order_stays(self, house: House) -> None:
        at = int(house.clock.now)
        house.clock.advance(1)
        house.json("j1", room=PROJECT)
        assert house.order(REMOVE, PROJECT, at=at) == Ended()
        assert house.members(PROJECT) == ["j1"]

    def test_a_change_meanwhile_is_decided_again(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house.json("j1", room=PROJECT)
        leave, results = house.memberships.leave, [ChangeResult.STALE, ChangeResult.STALE]

        def contended(*args: Any, **more: Any) -> ChangeResult:
            return results.pop() if results else leave(*args, **more)

        monkeypatch.setattr(house.memberships, "leave", contended)
        assert house.order(REMOVE, PROJECT).ended == 1
        assert house.members(PROJECT) == []

    def test_a_table_that_fails_leaves_it_to_the_repetition(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house.json("j1", room=PROJECT)
        house.json("j2", room=PROJECT)
        at, leave = int(house.clock.now), house.memberships.leave

        def fails(connection: Any, *args: Any, **more: Any) -> ChangeResult:
            if connection.id == "j1":
                raise AwsError("UpdateItem", "ServiceUnavailable", "away")
            return leave(connection, *args, **more)

        with monkeypatch.context() as patched:
            patched.setattr(house.memberships, "leave", fails)
            with pytest.raises(Unfinished):
                house.order(REMOVE, PROJECT, at=at)
        assert house.members(PROJECT) == ["j1"]
        assert house.order(REMOVE, PROJECT, at=at).ended == 1
        assert house.members(PROJECT) == []
