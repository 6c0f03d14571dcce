"""Socket.IO packets against moto's tables: frames in, frames out."""

import json
import time
from threading import Barrier, Event, get_ident
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roomcast_backend.aws.errors import AwsError
from roomcast_backend.inbound import dispatcher
from roomcast_backend.inbound.json_handler import JsonHandler
from roomcast_backend.inbound.socketio_handler import SocketIoHandler
from roomcast_backend.model.access import Grant
from tests.fakes.socketio_server import HOUR, OTHER, USER, Server, limit_keys, refusal

CALLS = (
    "get_item",
    "put_item",
    "update_item",
    "delete_item",
    "batch_write_item",
    "transact_write_items",
)


@pytest.fixture
def server(dynamodb: Any) -> Server:
    server = Server(dynamodb)
    server.connect()
    return server


@pytest.fixture
def calls(server: Server, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the calls to DynamoDB that are made from here on."""
    made: list[str] = []

    def watched(name: str) -> Any:
        call = getattr(server.dynamodb, name)

        def watch(**request: Any) -> Any:
            made.append(name)
            return call(**request)

        return watch

    for name in CALLS:
        monkeypatch.setattr(server.dynamodb, name, watched(name))
    return made


class TestCommands:
    def test_subscribe(self, server: Server) -> None:
        server.begin()
        reply = server.say('42/ws,12["subscribe",{"room":"project:p1"}]')
        assert reply == '43/ws,12[{"status":"success","room":"project:p1"}]'
        assert server.members("project:p1") == ["c1#/ws"]

    @pytest.mark.parametrize(("namespace", "where"), [("/", ""), ("/ws", "/ws,")])
    def test_ack_0(self, server: Server, namespace: str, where: str) -> None:
        server.begin(namespace)
        assert server.say(f'42{where}0["ping"]') == f'43{where}0[{{"status":"pong"}}]'

    @pytest.mark.parametrize("arguments", ['"ping"', '"ping",null', '"ping",{}', '"ping",{},1'])
    def test_a_body_can_be_left_out(self, server: Server, arguments: str) -> None:
        server.begin()
        assert server.say(f"42/ws,1[{arguments}]") == '43/ws,1[{"status":"pong"}]'

    @pytest.mark.parametrize("body", ['"global"', "[]", "5", "true"])
    def test_a_body_that_is_no_object(self, server: Server, body: str) -> None:
        server.begin()
        (answer,) = json.loads(server.say(f'42/ws,1["ping",{body}]').removeprefix("43/ws,1"))
        assert (answer["status"], answer["code"]) == ("error", "INVALID_MESSAGE")

    def test_without_an_ack_nothing_is_said(self, server: Server) -> None:
        server.begin()
        assert server.say('42/ws,["subscribe",{"room":"project:p1"}]') == "6"
        assert server.members("project:p1") == ["c1#/ws"]

    def test_unsubscribe(self, server: Server) -> None:
        server.begin()
        server.ask("subscribe", room="project:p1")
        assert server.ask("unsubscribe", room="project:p1")["status"] == "success"
        assert server.members("project:p1") == []

    @pytest.mark.parametrize("room", ["project:secret", f"user:{OTHER}"])
    def test_refused_by_ack(self, server: Server, room: str) -> None:
        server.begin()
        answer = server.ask("subscribe", room=room)
        assert (answer["status"], answer["code"]) == ("error", "ROOM_ACCESS_DENIED")

    def test_refused_without_an_ack(self, server: Server) -> None:
        server.begin()
        reply = server.say('42/ws,["subscribe",{"room":"project:secret"}]')
        assert reply.startswith('42/ws,["connection_error",')
        _, envelope = json.loads(reply.removeprefix("42/ws,"))
        assert envelope["data"]["error_code"] == "ROOM_ACCESS_DENIED"
        assert envelope["data"]["connection_id"] == "c1"
        assert server.gateway.closed == []

    @pytest.mark.parametrize(
        "event", ['["dance"]', '["subscribe","project:p1"]', '["subscribe",{"room":5}]']
    )
    def test_a_bad_command(self, server: Server, event: str) -> None:
        server.begin()
        (answer,) = json.loads(server.say(f"42/ws,1{event}").removeprefix("43/ws,1"))
        assert answer["code"] == "INVALID_MESSAGE"

    def test_debug_rooms(self, server: Server) -> None:
        server.begin()
        server.ask("subscribe", room="project:p1")
        rooms = ["global", f"user:{USER}", "project:p1"]
        assert server.ask("debug:rooms") == {"status": "success", "rooms": rooms}

    def test_authenticate(self, server: Server) -> None:
        server.begin()
        server.ask("subscribe", room="project:p1")
        fresh = server.principal(expires_at=int(server.clock.now) + 2 * HOUR, projects=Grant())
        server.tokens["fresh"] = fresh
        answer = server.ask("authenticate", token="fresh")  # noqa: S106 - a name for a principal
        assert answer["user_id"] == USER
        assert answer["rooms"] == ["global", f"user:{USER}"]
        assert server.members("project:p1") == []
        expiries = {
            member.expires_at
            for shard in server.rooms.shards("global")
            for member in server.rooms.members("global", shard, size=10)
        }
        assert expiries == {fresh.expires_at}

    def test_a_room_too_many(self, server: Server) -> None:
        server.begin()
        answers = [server.ask("subscribe", room=f"agent:a{number}") for number in range(4)]
        assert [answer.get("code") for answer in answers] == [None, None, None, "ROOM_LIMIT"]

    def test_an_expired_session_can_only_authenticate(self, server: Server) -> None:
        server.begin()
        server.clock.advance(HOUR)
        assert server.ask("ping")["code"] == "AUTH_FAILED"
        server.tokens["fresh"] = server.principal()
        assert server.ask("authenticate", token="fresh")["status"] == "success"  # noqa: S106
        assert server.ask("ping") == {"status": "pong"}

    @pytest.mark.parametrize("frame", ['42/ws,1["ping"]', '42["ping"]', '42/other,1["ping"]'])
    def test_without_a_session_the_connection_ends(self, server: Server, frame: str) -> None:
        assert server.say(frame) == "6"
        assert server.gateway.closed == ["c1"]


class TestReading:
    @pytest.fixture
    def read(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Return the protocols in which frames are read from here on."""
        protocols: list[str] = []

        def watch(protocol: str, handler: type[Any]) -> None:
            original = handler.read

            def watched(self: Any, frame: str) -> Any:
                protocols.append(protocol)
                return original(self, frame)

            monkeypatch.setattr(handler, "read", watched)

        watch("json", JsonHandler)
        watch("socketio", SocketIoHandler)
        return protocols

    @pytest.mark.parametrize(
        "frame",
        ['42/ws,1["ping"]', '42/ws,1["dance"]', "4x", '42/ws,["ping","' + "x" * 32 * 1024 + '"]'],
    )
    def test_a_frame_is_read_once_in_its_protocol(
        self, server: Server, read: list[str], frame: str
    ) -> None:
        server.begin()
        read.clear()
        server.say(frame)
        assert read == ["socketio"]

    def test_a_frame_that_comes_too_fast(self, server: Server, read: list[str]) -> None:
        for _ in range(21):
            server.dispatcher.answer("c1", "6")
        assert read == ["socketio"] * 21

    def test_a_frame_whose_answer_fails(
        self, server: Server, read: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(server.sessions, "begin", lambda *_a, **_k: 1 / 0)
        assert "UNAVAILABLE" in server.say("40/ws,{}")
        assert read == ["socketio"]

    @pytest.mark.parametrize(
        ("frame", "protocols"),
        [('{"action":"ping"}', ["json"]), ("", ["json"]), ("6", ["socketio"])],
    )
    def test_a_frame_of_a_stranger_is_read_in_its_own_protocol(
        self, server: Server, read: list[str], frame: str, protocols: list[str]
    ) -> None:
        server.say(frame, "stranger")
        assert read == protocols


EVENT = '42/ws,1["ping"]'


class TestPrefetch:
    """The session of an event is read beside the update of the connection's row."""

    @pytest.fixture
    def reads(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Return the ids that are read from here on in other threads than the dispatcher's."""
        ids: list[str] = []
        get, here = server.connections.get, get_ident()

        def watch(connection_id: str) -> Any:
            if get_ident() != here:
                ids.append(connection_id)
            return get(connection_id)

        monkeypatch.setattr(server.connections, "get", watch)
        return ids

    @pytest.mark.parametrize(
        ("frame", "session"),
        [(EVENT, "c1#/ws"), ('42/ws,["ping"]', "c1#/ws"), ('42["ping"]', "c1#/")],
    )
    def test_an_event(
        self, server: Server, calls: list[str], reads: list[str], frame: str, session: str
    ) -> None:
        server.begin("/ws")
        server.begin("/")
        calls.clear()
        server.say(frame)
        assert reads == [session]
        assert sorted(calls) == ["get_item", "update_item"]

    def test_both_calls_are_under_way_at_once(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.begin()
        both = Barrier(2, timeout=5)

        def meet(call: Any) -> Any:
            def met(*args: Any, **options: Any) -> Any:
                both.wait()
                return call(*args, **options)

            return met

        for name in ("get", "admit"):
            monkeypatch.setattr(server.connections, name, meet(getattr(server.connections, name)))
        assert server.ask("ping") == {"status": "pong"}

    @pytest.mark.parametrize(
        "frame",
        ["6", "3", "", '40/ws,{"token":"good"}', "41/ws,", "43/ws,1[]", '42/other,1["ping"]',
         '451-/ws,["ping",{"_placeholder":true,"num":0}]', "42/ws,1[]", '{"action":"ping"}',
         '42/ws,["ping","' + "x" * 32 * 1024 + '"]'],
    )  # fmt: skip
    def test_nothing_else(self, server: Server, reads: list[str], frame: str) -> None:
        server.begin("/")
        reads.clear()
        server.say(frame)
        assert reads == []

    def test_an_event_on_a_connection_that_speaks_json(
        self, server: Server, reads: list[str]
    ) -> None:
        server.connect("j1", server.principal(), protocol="json")
        assert "INVALID_MESSAGE" in server.say(EVENT, "j1")
        assert reads == ["j1#/ws"]

    def test_what_was_read_for_an_event_that_comes_too_fast_is_not_used(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.begin()
        server.clock.advance(10)
        for _ in range(20):
            assert "pong" in server.dispatcher.answer("c1", EVENT)
        monkeypatch.setattr(server.sessions, "find", None)
        assert "RATE_LIMITED" in server.dispatcher.answer("c1", EVENT)

    def test_a_read_that_fails(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        server.begin()

        def fail(_connection_id: str) -> Any:
            raise AwsError("dynamodb", "GetItem", "InternalServerError", status=500)

        monkeypatch.setattr(server.connections, "get", fail)
        assert server.ask("ping")["code"] == "UNAVAILABLE"
        assert server.gateway.closed == []

    @pytest.mark.parametrize("outcome", ["unknown", "failing"])
    def test_it_ends_before_the_answer(
        self, server: Server, monkeypatch: pytest.MonkeyPatch, outcome: str
    ) -> None:
        began, ended = Event(), []

        def read_slowly(_connection_id: str) -> None:
            began.set()
            time.sleep(0.05)
            ended.append(True)

        def admit(*_args: Any, **_options: Any) -> None:
            assert began.wait(5)
            if outcome == "failing":
                raise AwsError("dynamodb", "UpdateItem", "InternalServerError", status=500)

        monkeypatch.setattr(server.connections, "get", read_slowly)
        monkeypatch.setattr(server.connections, "admit", admit)
        answer = server.say(EVENT)
        assert ended == [True]
        assert ("UNAVAILABLE" in answer) == (outcome == "failing")


class TestSmallPackets:
    @pytest.mark.parametrize("connection_id", ["c1", "j1", "stranger"])
    def test_a_pong_takes_no_call(
        self, server: Server, calls: list[str], connection_id: str
    ) -> None:
        server.connect("j1", server.principal(), protocol="json")
        calls.clear()
        assert server.say("3", connection_id) == "6"
        assert calls == []
        assert server.gateway.closed == []

    def test_another_packet_takes_one_write(self, server: Server, calls: list[str]) -> None:
        assert server.say("6") == "6"
        assert calls == ["update_item"]

    @pytest.mark.parametrize("frame", ["6", "3probe", '40/ws,{"token":"good"}', '42/ws,1["ping"]'])
    def test_a_packet_of_a_stranger_ends_it(self, server: Server, frame: str) -> None:
        assert server.say(frame, "stranger") == "6"
        assert server.gateway.closed == ["stranger"]

    @pytest.mark.parametrize(
        "frame", ["b", "bAQID", "bAQIDBA==", "3", "6", "3probe", "43/ws,1[]", '43/ws,1["late"]']
    )
    def test_what_is_ignored(self, server: Server, frame: str) -> None:
        server.begin()
        assert server.say(frame) == "6"
        assert server.gateway.closed == []

    @pytest.mark.parametrize(
        "frame",
        [
            "",
            "1",
            "2",
            "2probe",
            "5",
            "0",
            "0{}",
            "4",
            "7",
            "9",
            "x",
            "hello",
            "{}",
            '{"action":"ping"}',
            "4x",
        ]
        + [
            "bno base64!",
            "42",
            "42[]",
            "42[1]",
            '42["connect"]',
            '44{"message":"no"}',
            "40[]",
            "41{}",
            "41abc",
            "42/ws,{}",
            '42["ping"]',
            "47",
        ],
    )
    def test_what_no_client_sends_ends_the_connection(self, server: Server, frame: str) -> None:
        server.begin()
        assert server.say(frame) == "6"
        assert server.gateway.closed == ["c1"]

    def test_binary_is_refused_by_ack(self, server: Server) -> None:
        server.begin()
        reply = server.say('451-/ws,3["x",{"_placeholder":true,"num":0}]')
        (answer,) = json.loads(reply.removeprefix("43/ws,3"))
        assert answer["code"] == "INVALID_MESSAGE"
        assert server.gateway.closed == []

    def test_binary_is_refused_without_an_ack(self, server: Server) -> None:
        server.begin()
        reply = server.say('451-/ws,["x",{"_placeholder":true,"num":0}]')
        assert reply.startswith('42/ws,["connection_error",')
        assert "INVALID_MESSAGE" in reply


class TestLimits:
    @pytest.mark.parametrize(
        ("frame", "start"),
        [
            ('42/ws,8["ping",{"pad":"PAD"}]', '43/ws,8[{"status":"error","code":"PAYLOAD_TOO'),
            ('42/ws,["ping",{"pad":"PAD"}]', '42/ws,["connection_error",'),
            ('40/ws,{"token":"PAD"}', '44/ws,{"message":"expected a frame'),
            ("4PAD", "6"),
            ("bPAD", "6"),
        ],
    )
    def test_a_frame_that_is_too_large(self, server: Server, frame: str, start: str) -> None:
        server.begin("/")
        server.begin("/ws")
        reply = server.say(frame.replace("PAD", "x" * 32 * 1024))
        assert reply.startswith(start)
        assert ("PAYLOAD_TOO_LARGE" in reply) == (reply != "6")
        assert server.gateway.closed == []

    def test_the_largest_frame(self, server: Server) -> None:
        server.begin()
        frame = '42/ws,8["ping",{"pad":""}]'
        pad = "x" * (32 * 1024 - len(frame))
        assert server.say(frame.replace('""', f'"{pad}"')) == '43/ws,8[{"status":"pong"}]'
        assert "PAYLOAD_TOO_LARGE" in server.say(frame.replace('""', f'"{pad}x"'))

    def test_a_namespace_longer_than_a_key(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limit_keys(server.dynamodb, monkeypatch)
        for packet in ("41/{},", '42/{},1["ping"]'):
            assert server.say(packet.format("n" * 3000)) == "6"
        assert server.gateway.closed == ["c1", "c1"]

    def test_too_fast_by_ack(self, server: Server) -> None:
        server.begin()
        server.clock.advance(60)
        replies = [server.dispatcher.answer("c1", '42/ws,5["ping"]') for _ in range(21)]
        assert replies[:20] == ['43/ws,5[{"status":"pong"}]'] * 20
        (limited,) = json.loads(replies[20].removeprefix("43/ws,5"))
        assert limited["code"] == "RATE_LIMITED"
        server.clock.advance(limited["retry_after_ms"] / 1000)
        assert server.dispatcher.answer("c1", '42/ws,5["ping"]') == '43/ws,5[{"status":"pong"}]'

    def test_too_fast_to_connect(self, server: Server) -> None:
        for _ in range(20):
            server.dispatcher.answer("c1", "6")
        refused = refusal(server.dispatcher.answer("c1", '40/ws,{"token":"good"}'))
        assert refused["data"]["code"] == "RATE_LIMITED"
        assert refused["data"]["retry_after_ms"] > 0


class TestFaults:
    @pytest.fixture
    def broken(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(**_request: Any) -> None:
            raise AwsError("dynamodb", "TransactWriteItems", "InternalServerError", status=500)

        server.begin()
        monkeypatch.setattr(server.dynamodb, "transact_write_items", fail)

    @pytest.mark.usefixtures("broken")
    def test_by_ack(self, server: Server) -> None:
        answer = server.ask("subscribe", room="project:p1")
        assert (answer["status"], answer["code"]) == ("error", "UNAVAILABLE")
        assert "Internal" not in answer["message"]

    @pytest.mark.usefixtures("broken")
    def test_without_an_ack(self, server: Server) -> None:
        reply = server.say('42/ws,["subscribe",{"room":"project:p1"}]')
        assert reply.startswith('42/ws,["connection_error",')
        assert "UNAVAILABLE" in reply

    @pytest.mark.usefixtures("broken")
    def test_of_a_session(self, server: Server) -> None:
        refused = refusal(server.say('40{"token":"good"}'), "")
        assert refused["data"]["code"] == "UNAVAILABLE"
        assert server.rows("connections") == ["c1", "c1#/ws"]

    @pytest.mark.usefixtures("broken")
    def test_of_an_end(self, server: Server) -> None:
        assert server.say("41/ws,") == "6"

    @pytest.mark.parametrize(
        ("frame", "start"),
        [
            ('42/ws,7["ping"]', '43/ws,7[{"status":"error","code":"UNAVAILABLE"'),
            ('42/ws,["ping"]', '42/ws,["connection_error",'),
            ('40/ws,{"token":"good"}', '44/ws,{"message":"the service cannot answer'),
            ("6", "6"),
            ("41/ws,", "6"),
            ('{"action":"ping","id":1}', '{"status":"error","code":"UNAVAILABLE"'),
            ("", '{"status":"error","code":"UNAVAILABLE"'),
        ],
    )
    def test_before_the_protocol_is_known(
        self, server: Server, monkeypatch: pytest.MonkeyPatch, frame: str, start: str
    ) -> None:
        monkeypatch.setattr(server.connections, "admit", lambda *_a, **_k: 1 / 0)
        assert server.say(frame).startswith(start)

    @pytest.mark.parametrize(
        ("frame", "protocol", "reply"),
        [
            ('42/ws,7["ping"]', "socketio", "6"),
            ('{"action":"ping"}', "json", JsonHandler.last_resort),
        ],
    )
    def test_of_a_refusal_too(
        self,
        server: Server,
        monkeypatch: pytest.MonkeyPatch,
        frame: str,
        protocol: str,
        reply: str,
    ) -> None:
        server.connect("c2", server.principal(), protocol=protocol)
        for handler in (JsonHandler, SocketIoHandler):
            for method in ("handle", "refuse"):
                monkeypatch.setattr(handler, method, lambda *_a, **_k: 1 / 0)
        assert server.say(frame, "c2") == reply

    def test_of_any_other_kind(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        server.begin()
        monkeypatch.setattr(server.memberships, "join", lambda *_a, **_k: 1 / 0)
        answer = server.ask("subscribe", room="project:p1")
        assert (answer["status"], answer["code"]) == ("error", "UNAVAILABLE")

    def test_a_gateway_that_fails_to_close(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_connection_id: str) -> None:
            raise AwsError("execute-api", "DeleteConnection", "HTTP", status=500)

        monkeypatch.setattr(server.gateway, "close", fail)
        assert server.say("1") == "6"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
commands = st.tuples(
    st.sampled_from(["subscribe", "unsubscribe", "ping", "debug:rooms", "authenticate"])
    | st.text(),
    st.dictionaries(st.sampled_from(["room", "since", "token", "pid", "recover"]), json_values)
    | json_values,
)
frames = (
    st.text()
    | st.tuples(st.sampled_from("0123456789b"), st.text()).map("".join)
    | st.tuples(
        st.sampled_from(["40", "41", "42", "43", "44", "451-", "46"]),
        st.sampled_from(["", "/ws,", "/,", "/other,", "/ws"]),
        st.sampled_from(["", "0", "7", "99999999999999999"]),
        json_values.map(json.dumps) | commands.map(json.dumps) | st.text(),
    ).map("".join)
)

UNREAD = ("AUTH_MISSING", "PAYLOAD_TOO_LARGE")


def as_json_frame(command: tuple[str, Any]) -> str:
    name, body = command
    return json.dumps({**(body if isinstance(body, dict) else {"body": body}), "action": name})


class TestAnyFrame:
    @pytest.fixture
    def failures(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Return what the dispatcher logs of failures; it raises none of them."""
        logged: list[str] = []
        for level in ("error", "exception"):
            monkeypatch.setattr(
                dispatcher.logger, level, lambda message, **_kwargs: logged.append(message)
            )
        return logged

    @settings(
        max_examples=150,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(frame=frames)
    def test_is_answered_without_a_failure(
        self, server: Server, failures: list[str], frame: str
    ) -> None:
        if server.connections.get("c1#/ws") is None:
            server.begin("/ws")
        reply = server.say(frame)
        reply.encode()
        assert reply == "6" or reply[:2] in ("40", "42", "43", "44")
        assert failures == []

    @settings(
        max_examples=100,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(frame=frames | commands.map(as_json_frame))
    def test_has_a_reply_whoever_sends_it(
        self, server: Server, failures: list[str], frame: str
    ) -> None:
        server.connect("j1", server.principal(), protocol="json")
        reply = server.say(frame, "j1")
        assert (reply == "6") if frame == "3" else ("status" in json.loads(reply))
        stranger = server.say(frame, "stranger")
        assert stranger == "6" or json.loads(stranger)["code"] in UNREAD
        assert failures == []
