"""Tokens that are revoked, against moto's tables: refused wherever they come."""

import json
from dataclasses import replace
from typing import Any

import pytest

from roomcast.access import REMOVE, REVOKE, Order
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.lifecycle.eviction import LOOKS, Ended
from roomcast_backend.lifecycle.token_check import REVOKED
from roomcast_backend.model.access import Principal
from roomcast_backend.stores.items import MAYBE_SET
from tests.fakes.socketio_server import USER
from tests.functional.test_eviction import PROJECT, ROOM, House

HOUR = 3600
DAY = 24 * HOUR


class Tokens(House):
    """A service whose clients have tokens: `old`, `new` and `undated` ones of one user."""

    def __init__(self, dynamodb: Any) -> None:
        super().__init__(dynamodb)
        now = int(self.clock.now)
        self.tokens |= {
            "old": self.principal(issued_at=now - 2 * HOUR),
            "new": self.principal(issued_at=now + HOUR),
            "undated": self.principal(),
        }

    def named(self, name: str) -> Principal:
        found = self.tokens[name]
        assert isinstance(found, Principal)
        return found

    def plain(self, connection_id: str, token: str) -> None:
        """Connect a JSON client, into its rooms."""
        self.connect(connection_id, self.named(token), protocol="json")
        self.settle(connection_id)

    def revoke(self, *, at: int | None = None, issued_before: int = 0) -> Ended:
        ended, ordered_at = Ended(), int(self.clock.now) if at is None else at
        order = replace(Order.make(REVOKE, USER, reason="lost"), issued_before=issued_before)
        self.evictor.carry_out(order, ended, ordered_at=ordered_at, until=self.clock.now + 100)
        return ended

    def issued_before(self) -> int:
        return self.ended_access.get(USER, now=int(self.clock.now)).issued_before

    def authenticate(self, token: str, connection_id: str = "j9") -> dict[str, Any]:
        frame = json.dumps({"action": "authenticate", "token": token})
        answer: dict[str, Any] = json.loads(self.say(frame, connection_id))
        return answer


@pytest.fixture
def house(dynamodb: Any) -> Tokens:
    return Tokens(dynamodb)


class TestOrder:
    def test_closes_what_has_an_old_token_and_leaves_the_rest(self, house: Tokens) -> None:
        house.plain("j1", "old")
        house.plain("j2", "new")
        house.plain("j3", "undated")
        house.json("j4", user="6f1c0f9e-0000-4000-8000-000000000002")
        house.connect("c1")
        house.begin("/ws", token="old")
        house.connect("c2")
        house.begin("/ws", "c2", token="new")
        assert house.revoke() == Ended(found=3, ended=3)
        assert sorted(house.gateway.closed) == ["c1", "j1", "j3"]
        data = json.loads(house.heard("j1")[-1])["data"]
        assert (data["error_code"], data["error_message"]) == ("ACCESS_REVOKED", "lost")
        reason, end = house.heard("c1")[-2:]
        assert '"ACCESS_REVOKED"' in reason
        assert end == "41/ws,"
        assert house.members(ROOM) == ["c2#/ws", "j2"]

    def test_the_orders_second_counts_as_before_it(self, house: Tokens) -> None:
        at = int(house.clock.now)
        house.revoke(at=at)
        assert house.issued_before() == at + 1

    def test_a_time_beyond_the_order_counts_as_the_orders(self, house: Tokens) -> None:
        order = replace(Order.make(REVOKE, USER), issued_before=int(house.clock.now) + DAY)
        at = int(house.clock.now)
        house.evictor.carry_out(order, Ended(), ordered_at=at, until=house.clock.now + 100)
        assert house.issued_before() == at + 1

    def test_an_earlier_time_leaves_later_tokens(self, house: Tokens) -> None:
        house.plain("j1", "old")
        at = int(house.clock.now)
        assert house.revoke(at=at, issued_before=at - 2 * HOUR) == Ended()
        assert house.revoke(at=at, issued_before=at - 2 * HOUR + 1).ended == 1

    def test_the_newest_wins_whatever_the_sequence(self, house: Tokens) -> None:
        at = int(house.clock.now)
        house.revoke(at=at)
        house.revoke(at=at - 10)  # late
        house.revoke(at=at, issued_before=at - 100)
        house.revoke(at=at)  # repeated
        assert house.issued_before() == at + 1
        house.revoke(at=at + 5)
        assert house.issued_before() == at + 6

    def test_it_is_in_force_as_long_as_a_token_may_live(self, house: Tokens) -> None:
        at = int(house.clock.now)
        house.revoke(at=at)
        kept = house.settings.longest_token_life * HOUR + house.settings.jwt_leeway
        (item,) = [
            each
            for each in house.dynamodb.scan(TableName="connections")["Items"]
            if each["connection_id"]["S"] == f"#revoked:{USER}"
        ]
        assert int(item["ttl"]["N"]) == at + kept
        house.clock.now = at + kept - 1
        assert house.issued_before() == at + 1
        house.clock.now = at + kept  # the TTL may delete the row days later
        assert house.issued_before() == 0

    @pytest.mark.parametrize("look", range(1, len(LOOKS)))
    def test_who_was_let_in_before_it_was_written_is_found(self, house: Tokens, look: int) -> None:
        house.connect("j1", house.named("old"), protocol="json")
        house.meanwhile[look] = lambda: house.settle("j1")
        assert house.revoke(at=int(house.clock.now) - HOUR) == Ended(found=1, ended=1)
        assert house.gateway.closed == ["j1"]  # however late the order comes

    def test_a_fresh_token_meanwhile_lets_the_connection_stay(
        self, house: Tokens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house.plain("j1", "old")
        mark = house.memberships.close_revoked

        def late(connection_id: str, **order: Any) -> bool:
            reply = house.authenticate("new", connection_id)
            assert reply["status"] == "success"
            return mark(connection_id, **order)

        monkeypatch.setattr(house.memberships, "close_revoked", late)
        assert house.revoke() == Ended()
        assert house.gateway.closed == []

    def test_after_the_mark_no_fresh_token_is_taken(self, house: Tokens) -> None:
        house.plain("j1", "old")
        assert house.memberships.close_revoked("j1", account=USER, issued_before=10**10)
        assert house.authenticate("new", "j1")["code"] == "AUTH_MISSING"

    def test_a_connection_of_another_user_by_now_stays(self, house: Tokens) -> None:
        house.plain("j1", "old")
        assert not house.memberships.close_revoked("j1", account="bob", issued_before=10**10)

    def test_a_crash_between_row_and_close_is_made_good(
        self, house: Tokens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        house.plain("j1", "old")
        at = int(house.clock.now)

        def crash(*_: Any, **__: Any) -> None:
            raise AwsError("UpdateItem", "ServiceUnavailable", "crash")

        for name in ("close_revoked", "forget"):
            with monkeypatch.context() as patched:
                patched.setattr(house.memberships, name, crash)
                with pytest.raises(AwsError):
                    house.revoke(at=at)
            assert house.issued_before() == at + 1  # from the first attempt on
        assert house.revoke(at=at).ended == 1
        assert house.rows("connections") == []


class TestRefusal:
    @pytest.mark.parametrize("token", ["old", "undated"])
    def test_authenticate(self, house: Tokens, token: str) -> None:
        house.revoke()
        house.connect("j9", protocol="json")
        refused = house.authenticate(token)
        assert (refused["code"], refused["message"]) == ("AUTH_FAILED", REVOKED)
        connection = house.connections.get("j9")
        assert connection is not None
        assert connection.principal is None
        house.tokens["new"] = house.principal(issued_at=int(house.clock.now))
        assert house.authenticate("new")["status"] == "success"

    @pytest.mark.parametrize("token", ["old", "undated"])
    @pytest.mark.parametrize("namespace", ["/ws", "/"])
    def test_a_connect_with_a_token(self, house: Tokens, token: str, namespace: str) -> None:
        house.revoke()
        house.connect("c1")
        where = "" if namespace == "/" else f"{namespace},"
        refused = house.say(f'40{where}{{"token":"{token}"}}')
        assert refused.startswith(f"44{where}")
        data = json.loads(refused.removeprefix(f"44{where}"))["data"]
        assert data == {"code": "AUTH_FAILED", "message": REVOKED}
        assert house.rows("connections") == ["c1"]
        house.tokens["new"] = house.principal(issued_at=int(house.clock.now))
        assert house.begin(namespace, token="new")["sid"]

    def test_a_connect_with_the_token_of_the_handshake(self, house: Tokens) -> None:
        house.connect("c1", house.named("old"))
        house.revoke()
        assert REVOKED in house.say("40/ws,{}")
        house.connect("c2", house.named("new"))
        assert house.say("40/ws,{}", "c2").startswith("40/ws,{")

    def test_authenticate_in_a_session(self, house: Tokens) -> None:
        house.connect("c1")
        house.begin("/ws", token="new")
        house.revoke()
        assert house.ask("authenticate", token="old")["code"] == "AUTH_FAILED"
        assert house.ask("ping")["status"] == "pong"

    @pytest.mark.parametrize("frame", ['40/ws,{"token":"new"}', "40/ws,{}"])
    def test_when_the_row_cannot_be_read_no_token_is_taken(
        self, house: Tokens, monkeypatch: pytest.MonkeyPatch, frame: str
    ) -> None:
        house.connect("c1", house.named("new"))

        def down(*_: Any, **__: Any) -> None:
            raise AwsError("GetItem", "ServiceUnavailable", "down")

        monkeypatch.setattr(house.ended_access, "get", down)
        assert '"UNAVAILABLE"' in house.say(frame)
        assert house.rows("connections") == ["c1"]


class TestTokenOfTheRow:
    def test_a_fresh_token_without_a_time_has_none(self, house: Tokens) -> None:
        house.plain("j1", "old")
        assert house.authenticate("undated", "j1")["status"] == "success"
        connection = house.connections.get("j1")
        assert connection is not None
        assert connection.principal == house.named("undated")
        assert MAYBE_SET[1] == "issued_at"


class TestRecovery:
    def lose(self, house: Tokens) -> tuple[str, str]:
        """Join a room, get an event there and be lost; return pid and offset."""
        house.connect("c1")
        pid = house.begin("/ws", recover=True)["pid"]
        assert house.ask("subscribe", room=PROJECT)["status"] == "success"
        offset = house.publish(PROJECT).id
        house.drop()
        return pid, offset

    def recover(self, house: Tokens, pid: str, offset: str) -> list[str]:
        house.connect("c2")
        body = house.begin("/ws", "c2", recover=True, pid=pid, offset=offset)
        assert body["pid"] == pid
        rooms: list[str] = house.ask("debug:rooms", "c2")["rooms"]
        return rooms

    def remove(self, house: Tokens, *, at: int | None = None) -> None:
        order = Order.make(REMOVE, USER, PROJECT)
        ordered_at = int(house.clock.now) if at is None else at
        house.evictor.carry_out(order, Ended(), ordered_at=ordered_at, until=house.clock.now + 100)

    def test_a_session_that_was_lost_before_does_not_come_back_into_the_room(
        self, house: Tokens
    ) -> None:
        pid, offset = self.lose(house)
        house.clock.advance(60)
        self.remove(house)
        assert self.recover(house, pid, offset) == ["global", ROOM]

    def test_one_that_is_lost_while_it_is_removed_does_not_either(self, house: Tokens) -> None:
        at = int(house.clock.now)
        pid, offset = self.lose(house)
        self.remove(house, at=at)
        assert self.recover(house, pid, offset) == ["global", ROOM]

    def test_one_that_joined_again_and_is_lost_later_does(self, house: Tokens) -> None:
        self.remove(house)
        house.clock.advance(60)
        pid, offset = self.lose(house)
        assert self.recover(house, pid, offset) == ["global", ROOM, PROJECT]

    def test_other_rooms_come_back(self, house: Tokens) -> None:
        pid, offset = self.lose(house)
        house.ended_access.remove(USER, "project:p2", ordered_at=int(house.clock.now))
        assert self.recover(house, pid, offset) == ["global", ROOM, PROJECT]

    def test_a_removal_does_not_shorten_a_revocation(self, house: Tokens) -> None:
        at = int(house.clock.now)
        house.revoke(at=at)
        self.remove(house)
        ended = house.ended_access.get(USER, now=at + 29 * DAY)
        assert (ended.issued_before, list(ended.removed)) == (at + 1, [PROJECT])

    def test_a_late_removal_does_not_undo_a_newer_one(self, house: Tokens) -> None:
        at = int(house.clock.now)
        for ordered_at in (at, at - 50, at):
            house.ended_access.remove(USER, PROJECT, ordered_at=ordered_at)
        assert house.ended_access.get(USER, now=at).removed == {PROJECT: at}

    def test_old_removals_are_dropped_when_there_are_many(self, house: Tokens) -> None:
        at = int(house.clock.now)
        for number in range(100):
            house.ended_access.remove(USER, f"project:{number}", ordered_at=at)
        later = at + DAY
        house.ended_access.remove(USER, PROJECT, ordered_at=later)
        assert house.ended_access.get(USER, now=later).removed == {PROJECT: later}
