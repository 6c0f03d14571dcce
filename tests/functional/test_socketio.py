"""Socket.IO against moto's tables: packets in, packets and rows out."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roomcast.envelope import Envelope
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.auth.verification_keys import KeysUnavailable
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.fanout.broadcast import FanOut
from roomcast_backend.fanout.heartbeat import Heartbeat
from roomcast_backend.fanout.sender import Sender
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.fanout.work import Work
from roomcast_backend.inbound import dispatcher
from roomcast_backend.inbound.commands import Commands
from roomcast_backend.inbound.dispatcher import Dispatcher
from roomcast_backend.inbound.json_handler import JsonHandler
from roomcast_backend.inbound.replay import Replay
from roomcast_backend.inbound.sessions import Sessions
from roomcast_backend.inbound.socketio_commands import SessionCommands
from roomcast_backend.inbound.socketio_handler import SocketIoHandler
from roomcast_backend.lifecycle.auth_timeout import AuthTimeout
from roomcast_backend.lifecycle.greeting import EngineIoTimers, Greeter
from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.model.access import Grant, Principal
from roomcast_backend.model.connection import SOCKET_IO, Connection, State
from roomcast_backend.statistics.stream_counter import changes
from roomcast_backend.stores.connections import CommandRate, ConnectionStore
from roomcast_backend.stores.counters import Counter
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.rooms import RoomStore
from roomcast_backend.stores.sessions import SessionStore
from tests.fakes.clock import FakeClock
from tests.fakes.gateway import FakeGateway
from tests.fakes.tables import table_settings

USER = "6f1c0f9e-0000-4000-8000-000000000001"
OTHER = "6f1c0f9e-0000-4000-8000-000000000002"
HOUR = 3600
LONG_AGO = 10_000
SID = '{"sid":"[0-9a-f]{32}"}'
WRITES = (
    "put_item",
    "update_item",
    "delete_item",
    "batch_write_item",
    "transact_write_items",
)


class NoQueue:
    """Takes no work: nothing in these tests is too much for one invocation."""

    def put(self, work: Work, *, delay: int = 0) -> None:
        raise AssertionError(f"{work} was queued")


class Server:
    """Everything that a Socket.IO client meets. The time of ids is the clock's."""

    def __init__(self, dynamodb: Any) -> None:
        self.settings = table_settings(max_rooms_per_connection=5, global_shards=4, page_size=100)
        self.dynamodb = dynamodb
        self.clock = FakeClock()
        self.gateway = FakeGateway()
        self.connections = ConnectionStore(self.settings, client=dynamodb)
        self.memberships = MembershipStore(self.settings, client=dynamodb, sleep=self.clock.sleep)
        self.rooms = RoomStore(self.settings, client=dynamodb)
        self.events = EventStore(self.settings, client=dynamodb)
        self.terminator = Terminator(self.gateway, self.memberships, clock=self.clock)
        self.tokens: dict[str, Principal | Exception] = {"good": self.principal()}
        self.greeted: list[str] = []
        sender = Sender(self.gateway, self.memberships, clock=self.clock, sleep=self.clock.sleep)
        replay = Replay(self.events, self.gateway, keep=24 * HOUR, clock=self.clock)
        commands = Commands(
            connections=self.connections,
            memberships=self.memberships,
            principal_of=self._principal_of,
            replay=replay,
            most_rooms=self.settings.max_rooms_per_connection,
            clock=self.clock,
        )
        self.sessions = Sessions(
            store=SessionStore(self.settings, client=dynamodb, sleep=self.clock.sleep),
            connections=self.connections,
            replay=replay,
            principal_of=self._principal_of,
            clock=self.clock,
        )
        self.door = Dispatcher(
            connections=self.connections,
            handlers={
                "json": JsonHandler(commands),
                SOCKET_IO: SocketIoHandler(
                    SessionCommands(commands, greet=self.greeted.append),
                    self.sessions,
                    gateway=self.gateway,
                ),
            },
            gateway=self.gateway,
            pace=CommandRate(interval=100, burst=20),
            clock=self.clock,
        )
        self.fan_out = FanOut(
            self.settings,
            rooms=self.rooms,
            events=self.events,
            sender=sender,
            terminator=self.terminator,
            queue=NoQueue(),  # type: ignore[arg-type]
            count_event=lambda _event_id: None,
            clock=self.clock,
        )
        self.heartbeat = Heartbeat(
            rooms=self.rooms,
            sender=sender,
            terminator=self.terminator,
            page_size=100,
            clock=self.clock,
        )
        self.deadline = AuthTimeout(
            connections=self.connections, memberships=self.memberships, terminator=self.terminator
        )
        self.greeter = Greeter(
            connections=self.connections,
            memberships=self.memberships,
            gateway=self.gateway,
            timers=EngineIoTimers(interval=300_000, timeout=240_000),
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def _principal_of(self, token: str) -> Principal:
        found = self.tokens.get(token, TokenRefused("the token is not valid"))
        if isinstance(found, Exception):
            raise found
        return found

    def principal(self, user_id: str = USER, **changes: Any) -> Principal:
        values: dict[str, Any] = {
            "expires_at": int(self.clock.now) + HOUR,
            "projects": Grant(ids=frozenset({"p1", "p2"})),
        }
        return Principal(user_id=user_id, **{**values, **changes})

    def connect(
        self,
        connection_id: str = "c1",
        principal: Principal | None = None,
        protocol: str = SOCKET_IO,
    ) -> None:
        """Do what the handshake does."""
        state = State.OPEN if principal and protocol == "json" else State.PENDING
        now = int(self.clock.now)
        self.connections.put(Connection(connection_id, protocol, state, now, principal))
        self.gateway.open.add(connection_id)

    def say(self, frame: str, connection_id: str = "c1") -> str:
        self.clock.advance(1)
        return self.door.answer(connection_id, frame)

    def begin(
        self, namespace: str = "/ws", connection_id: str = "c1", **auth: Any
    ) -> dict[str, Any]:
        """Begin a session; return what its client is told."""
        where = "" if namespace == "/" else f"{namespace},"
        reply = self.say(f"40{where}{json.dumps({'token': 'good', **auth})}", connection_id)
        assert reply.startswith(f"40{where}{{"), reply
        body: dict[str, Any] = json.loads(reply.removeprefix(f"40{where}"))
        return body

    def ask(self, name: str, connection_id: str = "c1", **body: Any) -> dict[str, Any]:
        """Send a command in /ws; return its ack."""
        reply = self.say(f"42/ws,7{json.dumps([name, body])}", connection_id)
        assert reply.startswith("43/ws,7["), reply
        (answer,) = json.loads(reply.removeprefix("43/ws,7"))
        assert isinstance(answer, dict)
        return answer

    def drop(self, connection_id: str = "c1") -> None:
        """Break a connection, and have that noticed."""
        self.gateway.open.discard(connection_id)
        self.memberships.forget(connection_id)

    def envelope(self, *rooms: str, number: int = 0, made: float | None = None) -> Envelope:
        milliseconds = int((self.clock.now if made is None else made) * 1000)
        stamp = f"{milliseconds:012x}"
        event_id = f"{stamp[:8]}-{stamp[8:]}-7000-8000-{number:012x}"
        data = {"n": number}
        return Envelope(event_id, "project.updated", "2026-01-01T00:00:00Z", "s", rooms, data)

    def publish(self, *rooms: str, number: int = 0, made: float | None = None) -> Envelope:
        """Fan an event out a second later."""
        self.clock.advance(1)
        envelope = self.envelope(*rooms, number=number, made=made)
        self.broadcast(envelope)
        return envelope

    def broadcast(self, envelope: Envelope) -> Tally:
        return self.fan_out.broadcast(envelope, until=self.clock.now + 25)

    def heard(self, connection_id: str = "c1") -> list[str]:
        return [frame.decode() for frame in self.gateway.sent[connection_id]]

    def members(self, room: str) -> list[str]:
        return [
            member.connection_id
            for shard in self.rooms.shards(room)
            for member in self.rooms.members(room, shard, size=10)
            if not member.muted
        ]

    def rows(self, table: str) -> list[str]:
        """Return the ids of a table's connections, without the secrets of recovery."""
        items = self.dynamodb.scan(TableName=table)["Items"]
        ids = [item["connection_id"]["S"] for item in items]
        return sorted(each for each in ids if not each.startswith("#"))


@pytest.fixture
def server(dynamodb: Any) -> Server:
    server = Server(dynamodb)
    server.connect()
    return server


@pytest.fixture
def writes(server: Server, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the writes that are made from here on."""
    made: list[str] = []

    def watched(name: str) -> Any:
        write = getattr(server.dynamodb, name)

        def watch(**request: Any) -> Any:
            made.append(name)
            return write(**request)

        return watch

    for name in WRITES:
        monkeypatch.setattr(server.dynamodb, name, watched(name))
    return made


def limit_keys(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse keys of more than 2048 bytes as DynamoDB does; moto takes them.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    """

    def limited(name: str) -> Any:
        call = getattr(dynamodb, name)

        def check(**request: Any) -> Any:
            if any(len(value["S"].encode()) > 2048 for value in request["Key"].values()):  # noqa: PLR2004
                raise AwsError("dynamodb", name, "ValidationException", status=400)
            return call(**request)

        return check

    for name in ("get_item", "delete_item"):
        monkeypatch.setattr(dynamodb, name, limited(name))


def event_frame(envelope: Envelope, room: str, where: str = "/ws,", *offset: str) -> str:
    arguments = [envelope.type, envelope.for_room(room), *offset]
    return f"42{where}" + json.dumps(arguments, separators=(",", ":"))


def refusal(frame: str, where: str = "/ws,") -> dict[str, Any]:
    assert frame.startswith(f"44{where}{{"), frame
    body: dict[str, Any] = json.loads(frame.removeprefix(f"44{where}"))
    return body


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

    def test_after_a_refusal_with_a_good_token(self, server: Server) -> None:
        server.say('40/ws,{"token":"bad"}')
        assert server.begin()
        assert server.gateway.closed == []

    def test_keys_that_do_not_answer(self, server: Server) -> None:
        server.tokens["any"] = KeysUnavailable("down")
        refused = refusal(server.say('40/ws,{"token":"any"}'))
        assert refused["data"]["code"] == "UNAVAILABLE"

    def test_the_token_of_the_handshake(self, server: Server) -> None:
        server.connect(principal=server.principal(OTHER))
        assert re.fullmatch(f"40/ws,{SID}", server.say("40/ws,"))
        assert server.members(f"user:{OTHER}") == ["c1#/ws"]

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

    @pytest.mark.parametrize("where", ["/other,", "/ws/,", "/WS,", "/a#b,"])
    def test_an_unknown_namespace(self, server: Server, where: str) -> None:
        reply = server.say(f'40{where}{{"token":"good"}}')
        assert reply == f'44{where}{{"message":"Invalid namespace"}}'
        assert server.gateway.closed == []
        assert server.begin()

    def test_a_second_time_in_a_namespace_ends_the_connection(self, server: Server) -> None:
        server.begin()
        assert server.say('40/ws,{"token":"good"}') == ""
        assert server.gateway.closed == ["c1"]

    def test_two_at_once_are_one_session(self, server: Server) -> None:
        before = server.connections.get("c1")
        assert before is not None
        server.begin()
        server.say('42/ws,["subscribe",{"room":"project:p1"}]')
        with pytest.raises(Exception, match="second session"):
            server.sessions.begin(before, "/ws", {"token": "good"})
        assert server.members("project:p1") == ["c1#/ws"]
        assert server.ask("debug:rooms")["rooms"] == ["global", f"user:{USER}", "project:p1"]

    def test_a_connection_that_is_gone_gets_no_session(self, server: Server) -> None:
        before = server.connections.get("c1")
        assert before is not None
        server.drop()
        with pytest.raises(Exception, match="second session"):
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


class TestCommands:
    def test_subscribe(self, server: Server) -> None:
        server.begin()
        reply = server.say('42/ws,12["subscribe",{"room":"project:p1"}]')
        assert reply == '43/ws,12[{"status":"success","room":"project:p1"}]'
        assert server.members("project:p1") == ["c1#/ws"]

    def test_ack_0(self, server: Server) -> None:
        server.begin("/")
        assert server.say('420["ping"]') == '430[{"status":"pong"}]'

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
        assert server.say('42/ws,["subscribe",{"room":"project:p1"}]') == ""
        assert server.members("project:p1") == ["c1#/ws"]

    def test_unsubscribe(self, server: Server) -> None:
        server.begin()
        server.ask("subscribe", room="project:p1")
        assert server.ask("unsubscribe", room="project:p1")["status"] == "success"
        assert server.members("project:p1") == []

    def test_refused_by_ack(self, server: Server) -> None:
        server.begin()
        answer = server.ask("subscribe", room="project:secret")
        assert (answer["status"], answer["code"]) == ("error", "ROOM_ACCESS_DENIED")

    def test_refused_without_an_ack(self, server: Server) -> None:
        server.begin()
        reply = server.say('42/ws,["subscribe",{"room":"project:secret"}]')
        assert reply.startswith('42/ws,["connection_error",')
        _, envelope = json.loads(reply.removeprefix("42/ws,"))
        assert envelope["data"]["error_code"] == "ROOM_ACCESS_DENIED"
        assert server.gateway.closed == []

    def test_an_unknown_command(self, server: Server) -> None:
        server.begin()
        assert server.ask("dance")["code"] == "INVALID_MESSAGE"

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
        assert server.say(frame) == ""
        assert server.gateway.closed == ["c1"]


class TestNamespaces:
    def test_have_rooms_of_their_own(self, server: Server) -> None:
        server.begin("/ws")
        server.begin("/")
        server.say('42/ws,["subscribe",{"room":"project:p1"}]')
        server.say('42["subscribe",{"room":"project:p2"}]')
        assert server.members("project:p1") == ["c1#/ws"]
        assert server.members("project:p2") == ["c1#/"]
        assert server.ask("debug:rooms")["rooms"] == ["global", f"user:{USER}", "project:p1"]

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
        assert server.say("41/ws,") == ""
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
        assert server.say("41/ws,") == ""
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
        server.connections.take("c1")
        for session in ("c1#/ws", "c1#/"):
            server.memberships.forget(session, seen_in=["global"])
        assert self.only_the_other_is_left(server)

    def test_after_a_crash_behind_a_sessions_row(self, server: Server) -> None:
        server.connections.take("c1")
        server.connections.take("c1#/ws")
        for room in ("project:p1", "global", f"user:{USER}"):
            server.memberships.forget("c1#/ws", seen_in=[room])
        server.memberships.forget("c1#/")
        assert self.only_the_other_is_left(server)

    def test_after_a_crash_the_fan_out_clears_up(self, server: Server) -> None:
        server.connections.take("c1")
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
        farewells = [frame for frame in server.heard() if "connection_error" in frame]
        assert farewells
        assert all('"error_code":"AUTH_FAILED"' in frame for frame in farewells)
        assert server.rows("connections") == ["c3", "c3#/ws"]


class TestSmallPackets:
    def test_a_pong_takes_no_write(self, server: Server, writes: list[str]) -> None:
        assert server.say("3") == ""
        assert writes == []
        server.say("6")
        assert writes == ["update_item"]

    def test_3_of_a_json_client_is_no_pong(self, server: Server) -> None:
        server.connect("j1", server.principal(), protocol="json")
        assert json.loads(server.say("3", "j1"))["code"] == "INVALID_MESSAGE"

    def test_3_of_a_stranger_ends_it(self, server: Server) -> None:
        server.say("3", "stranger")
        assert server.gateway.closed == ["stranger"]

    @pytest.mark.parametrize("frame", ["b", "bAQIDBA==", "6", "3probe", '43/ws,1["late"]'])
    def test_what_is_ignored(self, server: Server, frame: str) -> None:
        server.begin()
        assert server.say(frame) == ""
        assert server.gateway.closed == []

    @pytest.mark.parametrize(
        "frame",
        ["", "1", "2", "2probe", "5", "0", "4", "7", "hello", "{}", '{"action":"ping"}', "4x"]
        + [
            "bno base64!",
            "42",
            "42[]",
            "42[1]",
            '42["connect"]',
            '44{"message":"no"}',
            "40[]",
            "41{}",
            "47",
        ],
    )
    def test_what_no_client_sends_ends_the_connection(self, server: Server, frame: str) -> None:
        server.begin()
        assert server.say(frame) == ""
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
            ("4PAD", ""),
            ("bPAD", ""),
        ],
    )
    def test_a_frame_that_is_too_large(self, server: Server, frame: str, start: str) -> None:
        server.begin("/")
        server.begin("/ws")
        reply = server.say(frame.replace("PAD", "x" * 32 * 1024))
        assert reply.startswith(start)
        assert bool(reply) == bool(start)
        assert ("PAYLOAD_TOO_LARGE" in reply) == bool(start)
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
            assert server.say(packet.format("n" * 3000)) == ""
        assert server.gateway.closed == ["c1", "c1"]

    def test_too_fast_by_ack(self, server: Server) -> None:
        server.begin()
        server.clock.advance(60)
        replies = [server.door.answer("c1", '42/ws,5["ping"]') for _ in range(21)]
        assert replies[:20] == ['43/ws,5[{"status":"pong"}]'] * 20
        (limited,) = json.loads(replies[20].removeprefix("43/ws,5"))
        assert limited["code"] == "RATE_LIMITED"
        server.clock.advance(limited["retry_after_ms"] / 1000)
        assert server.door.answer("c1", '42/ws,5["ping"]') == '43/ws,5[{"status":"pong"}]'

    def test_too_fast_to_connect(self, server: Server) -> None:
        for _ in range(20):
            server.door.answer("c1", "6")
        refused = refusal(server.door.answer("c1", '40/ws,{"token":"good"}'))
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
        assert server.say("41/ws,") == ""

    def test_a_gateway_that_fails_to_close(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_connection_id: str) -> None:
            raise AwsError("execute-api", "DeleteConnection", "HTTP", status=500)

        monkeypatch.setattr(server.gateway, "close", fail)
        assert server.say("1") == ""


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


class TestAnyFrame:
    @pytest.fixture
    def failures(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Return what the door logs of failures; it lets none of them out."""
        logged: list[str] = []
        for level in ("error", "exception"):
            monkeypatch.setattr(
                dispatcher.logger, level, lambda message, **_kwargs: logged.append(message)
            )
        return logged

    @settings(
        max_examples=150,
        deadline=None,
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
        assert reply[:2] in ("", "40", "42", "43", "44")
        assert failures == []


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
        server.say(frame)
        assert server.deadline.close_if_pending("c1")
        (terminator,) = server.heard()
        assert refusal(terminator, "")["data"]["code"] == "AUTH_MISSING"
        assert server.gateway.closed == ["c1"]
        assert server.rows("connections") == []

    def test_a_token_at_the_handshake_is_no_session(self, server: Server) -> None:
        server.connect(principal=server.principal())
        assert server.deadline.close_if_pending("c1")
        assert server.gateway.closed == ["c1"]

    @pytest.mark.parametrize("namespace", ["/ws", "/"])
    def test_leaves_one_with_a_session_alone(self, server: Server, namespace: str) -> None:
        server.begin(namespace)
        assert not server.deadline.close_if_pending("c1")
        assert server.gateway.closed == []
        assert "c1" in server.rows("connections")


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
