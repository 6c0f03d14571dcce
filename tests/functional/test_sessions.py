"""Socket.IO sessions against moto's tables: how they begin and end, and what is stored of them."""

import json
import re
from typing import Any

import pytest

from roomcast_backend.auth.verification_keys import KeysUnavailable
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.inbound.sessions import ProtocolViolation
from roomcast_backend.lifecycle.auth_timeout import LONGEST_UNGREETED
from roomcast_backend.statistics.stream_counter import changes
from roomcast_backend.stores.counters import Counter
from tests.fakes.socketio_server import HOUR, OTHER, USER, Server, event_frame, refusal

LONG_AGO = 10_000
SID = '{"sid":"[0-9a-f]{32}"}'


@pytest.fixture
def server(dynamodb: Any) -> Server:
    server = Server(dynamodb)
    server.connect()
    return server


class TestConnect:
    @pytest.mark.parametrize("where", ["/ws,", ""])
    def test_with_a_token(self, server: Server, where: str) -> None:
        reply = server.say(f'40{where}{{"token":"good"}}')
        assert re.fullmatch(f"40{where}{SID}", reply)
        session = f"c1#/{where[1:-1]}"
        assert server.members("global") == server.members(f"user:{USER}") == [session]
        assert server.greeted == [session]

    def test_every_session_has_its_own_sid(self, server: Server) -> None:
        assert server.begin("/ws")["sid"] != server.begin("/")["sid"]

    def test_without_recover_there_is_no_pid(self, server: Server) -> None:
        assert list(server.begin(recover=False)) == ["sid"]

    @pytest.mark.parametrize("where", ["/ws,", ""])
    def test_a_bad_token(self, server: Server, where: str) -> None:
        assert server.say(f'40{where}{{"token":"bad"}}') == (
            f'44{where}{{"message":"the token is not valid",'
            '"data":{"code":"AUTH_FAILED","message":"the token is not valid"}}'
        )
        assert server.rows("connections") == ["c1"]
        assert server.rows("rooms") == []
        assert server.greeted == []

    @pytest.mark.parametrize("auth", ["", "{}", '{"token":null}', '{"token":""}', '{"token":5}'])
    def test_no_token(self, server: Server, auth: str) -> None:
        assert server.say(f"40/ws,{auth}") == (
            '44/ws,{"message":"expected a token in auth",'
            '"data":{"code":"AUTH_MISSING","message":"expected a token in auth"}}'
        )
        assert server.rows("rooms") == []
        assert server.gateway.closed == []

    def test_after_a_refusal_with_a_good_token(self, server: Server) -> None:
        server.say('40/ws,{"token":"bad"}')
        assert server.begin()
        assert server.gateway.closed == []

    def test_keys_that_do_not_answer(self, server: Server) -> None:
        server.tokens["any"] = KeysUnavailable("down")
        refused = refusal(server.say('40/ws,{"token":"any"}'))
        assert refused["data"]["code"] == "UNAVAILABLE"

    @pytest.mark.parametrize("where", ["/ws,", ""])
    def test_the_token_of_the_handshake(self, server: Server, where: str) -> None:
        server.connect(principal=server.principal(OTHER))
        assert re.fullmatch(f"40{where}{SID}", server.say(f"40{where}"))
        assert server.members(f"user:{OTHER}") == [f"c1#/{where[1:-1]}"]

    def test_the_token_of_the_namespace_comes_first(self, server: Server) -> None:
        server.connect(principal=server.principal(OTHER))
        server.begin()
        assert server.members(f"user:{USER}") == ["c1#/ws"]
        assert server.members(f"user:{OTHER}") == []

    def test_the_token_of_the_handshake_has_expired(self, server: Server) -> None:
        server.connect(principal=server.principal())
        server.clock.advance(HOUR)
        assert server.say("40/ws,") == (
            '44/ws,{"message":"the token has expired",'
            '"data":{"code":"AUTH_FAILED","message":"the token has expired"}}'
        )

    def test_the_main_namespace_written_out(self, server: Server) -> None:
        assert re.fullmatch(f"40{SID}", server.say('40/,{"token":"good"}'))

    @pytest.mark.parametrize("auth", ['{"token":"good"}', "{}"])
    @pytest.mark.parametrize("where", ["/other,", "/ws/,", "/WS,", "/a#b,"])
    def test_an_unknown_namespace(self, server: Server, where: str, auth: str) -> None:
        reply = server.say(f"40{where}{auth}")
        assert reply == f'44{where}{{"message":"Invalid namespace"}}'
        assert server.gateway.closed == []
        assert server.begin()

    @pytest.mark.parametrize("recover", [False, True])
    def test_a_second_time_in_a_namespace_is_the_same_session(
        self, server: Server, *, recover: bool
    ) -> None:
        first = server.begin(recover=recover)
        server.ask("subscribe", room="project:p1")
        server.ask("unsubscribe", room="global")
        assert server.begin(recover=recover) == first
        assert server.ask("debug:rooms")["rooms"] == [f"user:{USER}", "project:p1"]
        assert server.members("project:p1") == ["c1#/ws"]
        assert server.greeted == ["c1#/ws"]
        assert server.gateway.closed == []

    def test_two_at_once_are_one_session(self, server: Server) -> None:
        before = server.connections.get("c1")
        assert before is not None
        told = server.begin()
        server.say('42/ws,["subscribe",{"room":"project:p1"}]')
        again = server.sessions.begin(before, "/ws", {"token": "good"})
        assert again is not None
        assert (again.sid, again.new) == (told["sid"], False)
        assert server.rows("connections") == ["c1", "c1#/ws"]
        assert server.members("project:p1") == ["c1#/ws"]

    def test_a_second_time_while_it_is_recovered(self, server: Server) -> None:
        lost = server.begin(recover=True)
        server.ask("subscribe", room="project:p1")
        offset = server.publish("global").id
        server.drop()
        server.connect("c2")
        auth = {"recover": True, "pid": lost["pid"], "offset": offset}
        first, second = (server.begin(connection_id="c2", **auth) for _ in range(2))
        assert first == second
        assert first["pid"] == lost["pid"]
        assert server.members("project:p1") == ["c2#/ws"]

    def test_a_second_time_with_a_fresh_token(self, server: Server) -> None:
        first = server.begin()
        server.ask("subscribe", room="project:p1")
        fresh = server.principal(expires_at=int(server.clock.now) + 3 * HOUR)
        server.tokens["fresh"] = fresh
        assert server.begin(token="fresh") == first
        row = server.connections.get("c1#/ws")
        assert row is not None
        assert row.principal == fresh
        assert "project:p1" in row.rooms
        server.clock.advance(2 * HOUR)
        assert server.ask("ping") == {"status": "pong"}

    @pytest.mark.parametrize(
        ("auth", "user"), [({"token": "other"}, OTHER), ({"recover": True}, USER)]
    )
    def test_a_second_time_as_another_one_replaces_the_session(
        self, server: Server, auth: dict[str, Any], user: str
    ) -> None:
        server.tokens["other"] = server.principal(OTHER)
        first = server.begin()
        server.ask("subscribe", room="project:p1")
        assert server.begin(**auth)["sid"] != first["sid"]
        assert server.ask("debug:rooms")["rooms"] == ["global", f"user:{user}"]
        assert server.members("project:p1") == []
        assert server.greeted == ["c1#/ws"] * 2

    def test_a_connection_that_is_gone_gets_no_session(self, server: Server) -> None:
        before = server.connections.get("c1")
        assert before is not None
        server.drop()
        with pytest.raises(ProtocolViolation, match="gone"):
            server.sessions.begin(before, "/ws", {"token": "good", "recover": True})
        assert server.rows("connections") == server.rows("rooms") == []

    def test_the_greeting_comes_in_the_namespace(self, server: Server) -> None:
        assert server.greeter.open("c1")
        server.begin()
        assert server.greeter.open("c1#/ws")
        opening, greeting = server.heard()
        assert opening.startswith('0{"sid":"c1","upgrades":[],"pingInterval":300000,')
        assert greeting.startswith('42/ws,["connection_established",{')
        (_, envelope) = json.loads(greeting.removeprefix("42/ws,"))
        assert envelope["data"]["connection_id"] == "c1"
        assert envelope["data"]["user_id"] == USER


class TestNamespaces:
    def test_have_rooms_of_their_own(self, server: Server) -> None:
        server.begin("/ws")
        server.begin("/")
        server.say('42/ws,["subscribe",{"room":"project:p1"}]')
        server.say('42["subscribe",{"room":"project:p2"}]')
        assert server.members("project:p1") == ["c1#/ws"]
        assert server.members("project:p2") == ["c1#/"]
        assert server.ask("debug:rooms")["rooms"] == ["global", f"user:{USER}", "project:p1"]

    def test_can_be_of_different_users(self, server: Server) -> None:
        server.tokens["other"] = server.principal(OTHER)
        server.begin("/ws")
        server.begin("/", token="other")
        assert server.members(f"user:{USER}") == ["c1#/ws"]
        assert server.members(f"user:{OTHER}") == ["c1#/"]

    def test_both_get_what_comes_to_a_room_of_both(self, server: Server) -> None:
        server.begin("/ws")
        server.begin("/")
        server.clock.advance(LONG_AGO - HOUR * 2)
        envelope = server.publish("global")
        assert sorted(server.heard()) == sorted(
            [event_frame(envelope, "global"), event_frame(envelope, "global", "")]
        )

    def test_one_gets_what_comes_to_its_room(self, server: Server) -> None:
        server.begin("/ws")
        server.begin("/")
        server.say('42["subscribe",{"room":"project:p1"}]')
        envelope = server.publish("project:p1")
        assert server.heard() == [event_frame(envelope, "project:p1", "")]

    def test_json_clients_share_the_rooms(self, server: Server) -> None:
        server.begin()
        server.connect("j1", server.principal(), protocol="json")
        for frame, client in (
            ('42/ws,["subscribe",{"room":"project:p1"}]', "c1"),
            ('{"action":"subscribe","room":"project:p1"}', "j1"),
        ):
            server.say(frame, client)
        envelope = server.publish("project:p1")
        assert server.heard("c1") == [event_frame(envelope, "project:p1")]
        assert [json.loads(frame) for frame in server.heard("j1")] == [
            envelope.for_room("project:p1")
        ]

    def test_with_recovery_the_offset_is_the_last_argument(self, server: Server) -> None:
        server.begin("/ws", recover=True)
        server.begin("/")
        envelope = server.publish("global")
        assert event_frame(envelope, "global", "/ws,", envelope.id) in server.heard()
        assert event_frame(envelope, "global", "") in server.heard()


class TestDisconnect:
    def test_leaves_its_rooms_and_keeps_the_connection(self, server: Server) -> None:
        server.begin("/ws")
        server.begin("/")
        server.ask("subscribe", room="project:p1")
        assert server.say("41/ws,") == "6"
        assert server.members("project:p1") == []
        assert server.members("global") == ["c1#/"]
        assert server.rows("connections") == ["c1", "c1#/"]
        assert server.gateway.closed == []

    def test_the_namespace_can_be_connected_to_again(self, server: Server) -> None:
        server.begin()
        server.ask("subscribe", room="project:p1")
        server.say("41/ws,")
        server.begin()
        assert server.ask("debug:rooms")["rooms"] == ["global", f"user:{USER}"]

    def test_without_a_session_it_changes_nothing(self, server: Server) -> None:
        assert server.say("41/ws,") == "6"
        assert server.rows("connections") == ["c1"]
        assert server.begin()

    def test_a_muted_session_leaves_the_roster_too(self, server: Server) -> None:
        server.begin()
        server.ask("unsubscribe", room="global")
        server.say("41/ws,")
        assert server.rows("rooms") == []


class TestForget:
    @pytest.fixture(autouse=True)
    def two_sessions(self, server: Server) -> None:
        for namespace in ("/ws", "/"):
            server.begin(namespace, recover=True)
        server.ask("subscribe", room="project:p1")
        server.say('42["subscribe",{"room":"project:p1"}]')
        server.connect("c2")
        server.begin("/ws", "c2")

    def only_the_other_is_left(self, server: Server) -> bool:
        rows = server.rows("connections"), server.rows("rooms")
        return rows == (["c2", "c2#/ws"], ["c2#/ws", "c2#/ws"])

    @pytest.mark.parametrize("met", ["c1", "c1#/ws", "c1#/"])
    def test_deletes_the_connection_and_all_its_sessions(self, server: Server, met: str) -> None:
        deleted = server.memberships.forget(met, seen_in=["project:p1"])
        assert [each.id for each in deleted] == ["c1", "c1#/", "c1#/ws"]
        assert self.only_the_other_is_left(server)

    def test_twice(self, server: Server) -> None:
        server.memberships.forget("c1")
        assert server.memberships.forget("c1") == []
        assert self.only_the_other_is_left(server)

    def test_gone_to_one_session(self, server: Server) -> None:
        server.clock.advance(60)
        server.gateway.open.discard("c1")
        server.publish("project:p1")
        assert self.only_the_other_is_left(server)

    def test_gone_to_a_heartbeat(self, server: Server) -> None:
        server.clock.advance(60)
        server.gateway.open.discard("c1")
        server.heartbeat.beat(until=server.clock.now + 25)
        assert self.only_the_other_is_left(server)

    def test_after_a_crash_behind_the_connections_row(self, server: Server) -> None:
        server.connections.delete("c1")
        for session in ("c1#/ws", "c1#/"):
            server.memberships.forget(session, seen_in=["global"])
        assert self.only_the_other_is_left(server)

    def test_after_a_crash_behind_a_sessions_row(self, server: Server) -> None:
        server.connections.delete("c1")
        server.connections.delete("c1#/ws")
        for room in ("project:p1", "global", f"user:{USER}"):
            server.memberships.forget("c1#/ws", seen_in=[room])
        server.memberships.forget("c1#/")
        assert self.only_the_other_is_left(server)

    def test_after_a_crash_the_fan_out_clears_up(self, server: Server) -> None:
        server.connections.delete("c1")
        server.gateway.open.discard("c1")
        server.clock.advance(60)
        server.publish("global")
        assert self.only_the_other_is_left(server)

    def test_an_expired_token_ends_the_connection(self, server: Server) -> None:
        server.tokens["good"] = server.principal(expires_at=int(server.clock.now) + 9 * HOUR)
        server.connect("c3")
        server.begin("/ws", "c3")
        server.clock.advance(HOUR)
        server.publish("global")
        assert "c1" in server.gateway.closed
        assert "c3" not in server.gateway.closed
        errors = [frame for frame in server.heard() if "connection_error" in frame]
        assert errors
        assert all('"error_code":"AUTH_FAILED"' in frame for frame in errors)
        assert server.rows("connections") == ["c3", "c3#/ws"]


class TestForgetWithoutRecovery:
    """No row at all is left, not even one for a client that comes back."""

    def nothing_is_left(self, server: Server) -> bool:
        tables = ("rooms", "connections")
        return all(server.dynamodb.scan(TableName=table)["Items"] == [] for table in tables)

    @pytest.mark.parametrize("met", ["c1", "c1#/ws"])
    def test_deletes_the_connection_and_all_its_sessions(self, server: Server, met: str) -> None:
        server.begin("/ws")
        server.begin("/")
        server.memberships.forget(met)
        assert self.nothing_is_left(server)

    def test_after_a_crash_behind_the_connections_row(self, server: Server) -> None:
        server.begin("/ws")
        server.connections.delete("c1")
        server.memberships.forget("c1#/ws", seen_in=["global"])
        assert self.nothing_is_left(server)


class TestHeartbeat:
    def test_one_ping_to_each_connection(self, server: Server) -> None:
        server.begin("/ws")
        server.begin("/")
        server.connect("c2")
        server.begin("/ws", "c2", recover=True)
        server.ask("unsubscribe", "c2", room="global")
        server.connect("j1", server.principal(), protocol="json")
        server.say('{"action":"debug:rooms"}', "j1")
        server.heartbeat.beat(until=server.clock.now + 25)
        assert server.heard("c1") == server.heard("c2") == ["2"]
        assert server.heard("j1") == ['{"action":"ping"}']


class TestDeadline:
    @pytest.mark.parametrize("frame", ["6", '40/ws,{"token":"bad"}', "41/ws,"])
    def test_ends_a_connection_without_a_session(self, server: Server, frame: str) -> None:
        assert server.greeter.open("c1")
        server.say(frame)
        server.clock.advance(15)
        assert server.deadline.close_if_pending("c1")
        _greeting, error = server.heard()
        assert refusal(error, "")["data"]["code"] == "AUTH_MISSING"
        assert server.gateway.closed == ["c1"]
        assert server.rows("connections") == []

    def test_tells_why_when_the_first_attempt_is_throttled(self, server: Server) -> None:
        assert server.greeter.open("c1")
        server.clock.advance(15)
        server.gateway.fail("c1", Outcome.THROTTLED)
        assert server.deadline.close_if_pending("c1")
        assert refusal(server.heard()[-1], "")["data"]["code"] == "AUTH_MISSING"
        assert server.gateway.closed == ["c1"]

    def test_a_token_at_the_handshake_is_no_session(self, server: Server) -> None:
        server.connect(principal=server.principal())
        assert server.greeter.open("c1")
        server.clock.advance(15)
        assert server.deadline.close_if_pending("c1")
        assert server.gateway.closed == ["c1"]

    @pytest.mark.parametrize("namespace", ["/ws", "/"])
    def test_leaves_one_with_a_session_alone(self, server: Server, namespace: str) -> None:
        server.begin(namespace)
        assert not server.deadline.close_if_pending("c1")
        assert server.gateway.closed == []
        assert "c1" in server.rows("connections")

    def test_a_late_greeting_starts_the_time_anew(self, server: Server) -> None:
        server.clock.advance(9)
        assert server.greeter.open("c1")
        server.clock.advance(6)
        assert not server.deadline.close_if_pending("c1")
        assert server.checks == [("c1", 9)]
        server.clock.advance(9)
        assert server.deadline.close_if_pending("c1")

    def test_without_a_greeting_it_has_not_begun(self, server: Server) -> None:
        """Overload: `open` has not run at all when the first check comes."""
        server.clock.advance(15)
        assert not server.deadline.close_if_pending("c1")
        assert server.checks == [("c1", 15)]
        assert server.gateway.closed == []
        assert server.greeter.open("c1")
        server.begin("/ws")
        server.clock.advance(15)
        assert not server.deadline.close_if_pending("c1")
        assert server.checks == [("c1", 15)]

    def test_without_a_greeting_it_ends_all_the_same(self, server: Server) -> None:
        waited = 15
        server.clock.advance(waited)
        while not server.deadline.close_if_pending("c1"):
            _, seconds = server.checks[-1]
            server.clock.advance(seconds)
            waited += seconds
        assert waited == LONGEST_UNGREETED
        assert len(server.checks) < 16  # noqa: PLR2004  Lambda's recursive loop detection
        assert server.gateway.closed == ["c1"]
        assert server.rows("connections") == []

    def test_a_greeting_without_delay_needs_no_second_check(self, server: Server) -> None:
        server.clock.advance(0.9)
        assert server.greeter.open("c1")
        server.clock.advance(14.11)
        assert server.deadline.close_if_pending("c1")
        assert server.checks == []

    def test_json_waits_for_no_greeting(self, server: Server) -> None:
        server.connect("j1", protocol="json")
        server.clock.advance(15)
        assert server.deadline.close_if_pending("j1")


class TestCounting:
    def records(self, server: Server, table: str, *keys: str) -> list[dict[str, Any]]:
        """Return what the table's stream tells of its rows."""
        items = server.dynamodb.scan(TableName=table)["Items"]
        return [
            {
                "eventName": "INSERT",
                "dynamodb": {"Keys": {key: item[key] for key in keys}, "SequenceNumber": "1"},
            }
            for item in items
        ]

    def test_a_connection_with_two_sessions_is_one(self, server: Server) -> None:
        server.begin("/ws", recover=True)
        server.begin("/", recover=True)
        records = self.records(server, "connections", "connection_id")
        assert len(records) > 3
        assert changes(records) == {Counter("connections"): 1}

    def test_members_are_sessions(self, server: Server) -> None:
        server.begin("/ws")
        server.begin("/")
        records = self.records(server, "rooms", "room", "connection_id")
        assert changes(records) == {
            Counter("members:global"): 2,
            Counter("members:user"): 2,
            Counter("rooms:user", f"user:{USER}"): 2,
        }
