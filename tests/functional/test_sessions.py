"""Socket.IO handlers against moto's tables: packets in, packets out, what is stored."""

import json
from typing import Any

import pytest

from roomcast.envelope import Envelope, new_id
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.inbound.commands import Commands
from roomcast_backend.inbound.dispatcher import Dispatcher
from roomcast_backend.inbound.json_handler import JsonHandler
from roomcast_backend.inbound.replay import MOST_REPLAYED, Replay
from roomcast_backend.inbound.sessions import Sessions
from roomcast_backend.inbound.socketio_commands import SessionCommands
from roomcast_backend.inbound.socketio_handler import SocketIoHandler
from roomcast_backend.model.access import EVERYTHING, Grant, Principal
from roomcast_backend.model.connection import Connection, State
from roomcast_backend.stores.connections import CommandRate, ConnectionStore
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.rooms import RoomStore
from roomcast_backend.stores.sessions import SessionStore
from tests.fakes.clock import FakeClock
from tests.fakes.gateway import FakeGateway
from tests.fakes.tables import table_settings

ADA, BOB = "ada", "bob"


class Browser:
    """A Socket.IO client's connection, as far as its frames go."""

    def __init__(self, dynamodb: Any) -> None:
        self.dynamodb = dynamodb
        self.settings = table_settings(max_rooms_per_connection=9)
        self.clock = FakeClock()
        self.gateway = FakeGateway("c1", "c2", "c3")
        self.connections = ConnectionStore(self.settings, client=dynamodb)
        self.memberships = MembershipStore(self.settings, client=dynamodb)
        self.rooms = RoomStore(self.settings, client=dynamodb)
        self.events = EventStore(self.settings, client=dynamodb)
        self.greeted: list[str] = []
        self.projects = {ADA: EVERYTHING, BOB: EVERYTHING}
        replay = Replay(self.events, self.gateway, keep=24 * 3600, clock=self.clock)
        commands = Commands(
            connections=self.connections,
            memberships=self.memberships,
            principal_of=self.principal_of,
            replay=replay,
            most_rooms=9,
            clock=self.clock,
        )
        sessions = Sessions(
            store=SessionStore(self.settings, client=dynamodb),
            connections=self.connections,
            replay=replay,
            principal_of=self.principal_of,
            clock=self.clock,
        )
        self.door = Dispatcher(
            connections=self.connections,
            handlers={
                "json": JsonHandler(commands),
                "socketio": SocketIoHandler(
                    SessionCommands(commands, greet=self.greeted.append),
                    sessions,
                    gateway=self.gateway,
                ),
            },
            gateway=self.gateway,
            pace=CommandRate(interval=100, burst=20),
            clock=self.clock,
        )

    def principal_of(self, token: str) -> Principal:
        if token not in self.projects:
            raise TokenRefused("the token is not valid")
        return Principal(token, int(self.clock.now) + 3600, projects=self.projects[token])

    def connect(self, connection_id: str = "c1", principal: Principal | None = None) -> None:
        now = int(self.clock.now)
        self.connections.put(Connection(connection_id, "socketio", State.PENDING, now, principal))

    def say(self, frame: str, connection_id: str = "c1") -> str:
        self.clock.advance(1)
        return self.door.answer(connection_id, frame)

    def open(self, connection_id: str = "c1", **auth: Any) -> dict[str, Any]:
        """Connect and begin a session in /ws; return what CONNECT was answered with."""
        self.connect(connection_id)
        reply = self.say("40/ws," + json.dumps({"token": ADA, **auth}), connection_id)
        assert reply.startswith("40/ws,"), reply
        return dict(json.loads(reply[6:]))

    def members(self, room: str) -> list[str]:
        shards = self.rooms.shards(room)
        return [m.connection_id for s in shards for m in self.rooms.members(room, s, size=9)]

    def publish(self, *rooms: str) -> str:
        """Log an event whose fan-out is over."""
        self.clock.advance(1)
        made = f"{int(self.clock.now * 1000):012x}"
        event_id = f"{made[:8]}-{made[8:]}{new_id()[13:]}"
        self.events.begin(event_id, now=int(self.clock.now))
        timestamp = "2026-01-01T00:00:00Z"
        envelope = Envelope(event_id, "project.updated", timestamp, "s", rooms, {})
        self.events.log(envelope, now=self.clock.now)
        self.events.complete(event_id, now=self.clock.now)
        return event_id

    def replayed(self, connection_id: str) -> list[str]:
        """Return the ids of the events that a connection was sent."""
        frames = [frame.decode() for frame in self.gateway.sent[connection_id]]
        return [json.loads(frame[frame.index("[") :])[1]["id"] for frame in frames]


@pytest.fixture
def browser(dynamodb: Any) -> Browser:
    return Browser(dynamodb)


class TestConnect:
    def test_begins_a_session_in_its_rooms(self, browser: Browser) -> None:
        reply = browser.open()
        assert set(reply) == {"sid"}
        assert browser.greeted == ["c1#/ws"]
        assert browser.members("global") == ["c1#/ws"]
        assert browser.members("user:ada") == ["c1#/ws"]

    @pytest.mark.parametrize(
        ("auth", "code"),
        [("", "AUTH_MISSING"), ('{"token":5}', "AUTH_MISSING"), ('{"token":"x"}', "AUTH_FAILED")],
    )
    def test_without_a_good_token(self, browser: Browser, auth: str, code: str) -> None:
        browser.connect()
        reply = browser.say(f"40/ws,{auth}")
        assert reply.startswith("44/ws,")
        assert json.loads(reply[6:])["data"]["code"] == code
        assert browser.members("global") == []
        assert browser.gateway.closed == []

    def test_the_handshakes_token_serves_too(self, browser: Browser) -> None:
        browser.connect(principal=browser.principal_of(BOB))
        assert browser.say("40").startswith('40{"sid"')
        assert browser.members("user:bob") == ["c1#/"]

    def test_another_namespace(self, browser: Browser) -> None:
        browser.connect()
        assert browser.say("40/admin,{}") == '44/admin,{"message":"Invalid namespace"}'

    def test_two_namespaces_are_two_sessions(self, browser: Browser) -> None:
        browser.open()
        assert browser.say('40{"token":"bob"}').startswith("40{")
        browser.say('42/ws,1["subscribe",{"room":"project:p"}]')
        assert browser.members("project:p") == ["c1#/ws"]
        assert browser.members("user:bob") == ["c1#/"]

    @pytest.mark.parametrize(
        "frame",
        [
            '40/ws,{"token":"ada"}',
            '42["ping"]',
            "41abc",
            "42/ws,{}",
            "4",
            "9",
            "x",
            "5",
            "0{}",
            "1",
        ],
    )
    def test_what_no_client_sends_ends_the_connection(self, browser: Browser, frame: str) -> None:
        browser.open()
        assert browser.say(frame) == ""
        assert browser.gateway.closed == ["c1"]

    @pytest.mark.parametrize("frame", ["3", "6", "bAQID", "43/ws,1[]"])
    def test_what_needs_no_answer(self, browser: Browser, frame: str) -> None:
        browser.open()
        assert browser.say(frame) == ""
        assert browser.gateway.closed == []

    def test_a_pong_costs_no_write(self, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        browser.open()
        monkeypatch.setattr(browser.connections, "admit", lambda *_a, **_k: 1 / 0)
        assert browser.say("3") == ""

    def test_a_three_is_no_pong_in_the_json_protocol(self, browser: Browser) -> None:
        now = int(browser.clock.now)
        browser.connections.put(
            Connection("j1", "json", State.OPEN, now, browser.principal_of(ADA))
        )
        assert json.loads(browser.say("3", "j1"))["code"] == "INVALID_MESSAGE"


class TestCommands:
    def test_an_ack_has_the_reply(self, browser: Browser) -> None:
        browser.open()
        reply = browser.say('42/ws,12["subscribe",{"room":"project:p"}]')
        assert reply == '43/ws,12[{"status":"success","room":"project:p"}]'

    def test_a_command_without_body(self, browser: Browser) -> None:
        browser.open()
        assert browser.say('42/ws,0["ping"]') == '43/ws,0[{"status":"pong"}]'

    def test_without_an_ack_there_is_no_reply(self, browser: Browser) -> None:
        browser.open()
        assert browser.say('42/ws,["ping"]') == ""

    def test_a_refusal_comes_by_the_ack_or_as_an_event(self, browser: Browser) -> None:
        browser.open()
        reply = browser.say('42/ws,3["subscribe",{"room":"user:bob"}]')
        assert json.loads(reply[7:])[0]["code"] == "ROOM_ACCESS_DENIED"
        name, event = json.loads(browser.say('42/ws,["subscribe",{"room":"user:bob"}]')[6:])
        assert name == "connection_error"
        assert event["data"]["error_code"] == "ROOM_ACCESS_DENIED"
        assert event["data"]["connection_id"] == "c1"

    @pytest.mark.parametrize(
        "frame", ['["subscribe","project:p"]', '["dance"]', '["subscribe",{"room":5}]']
    )
    def test_bad_commands(self, browser: Browser, frame: str) -> None:
        browser.open()
        assert json.loads(browser.say("42/ws,1" + frame)[7:])[0]["code"] == "INVALID_MESSAGE"

    def test_binary_attachments_are_refused(self, browser: Browser) -> None:
        browser.open()
        reply = browser.say('451-/ws,1["subscribe",{"_placeholder":true,"num":0}]')
        assert json.loads(reply[7:])[0]["code"] == "INVALID_MESSAGE"

    def test_a_frame_that_is_too_large(self, browser: Browser) -> None:
        browser.open()
        reply = browser.say('42/ws,1["ping",{"x":"' + "x" * 32768 + '"}]')
        assert json.loads(reply[7:])[0]["code"] == "PAYLOAD_TOO_LARGE"
        assert browser.gateway.closed == []

    def test_too_many(self, browser: Browser) -> None:
        browser.open()
        replies = [browser.door.answer("c1", '42/ws,1["ping"]') for _ in range(30)]
        limited = json.loads(replies[-1][7:])[0]
        assert limited["code"] == "RATE_LIMITED"
        assert limited["retry_after_ms"] > 0

    def test_a_failing_store(self, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        browser.open()
        monkeypatch.setattr(browser.memberships, "join", lambda *_a, **_k: 1 / 0)
        reply = browser.say('42/ws,1["subscribe",{"room":"project:p"}]')
        assert json.loads(reply[7:])[0]["code"] == "UNAVAILABLE"


class TestEnd:
    def test_leaving_a_namespace_leaves_its_rooms_and_the_connection_stays(
        self, browser: Browser
    ) -> None:
        browser.open()
        assert browser.say("41/ws,") == ""
        assert browser.members("global") == []
        assert browser.say('40/ws,{"token":"ada"}').startswith("40/ws,")

    @pytest.mark.parametrize("connection_id", ["c1", "c1#/ws"])
    def test_forgetting_a_connection_forgets_its_sessions(
        self, browser: Browser, connection_id: str
    ) -> None:
        browser.open()
        browser.say('40{"token":"bob"}')
        browser.memberships.forget(connection_id)
        assert browser.dynamodb.scan(TableName="rooms")["Items"] == []
        assert browser.dynamodb.scan(TableName="connections")["Items"] == []

    def test_a_session_whose_connection_is_gone_already(self, browser: Browser) -> None:
        browser.open()
        browser.connections.take("c1")  # the crash: the session's rows are left
        browser.memberships.forget("c1#/ws", seen_in=["global"])
        assert browser.dynamodb.scan(TableName="rooms")["Items"] == []
        assert browser.dynamodb.scan(TableName="connections")["Items"] == []


class TestRecovery:
    def lose(self, browser: Browser) -> tuple[str, str]:
        """Begin a session that asks for recovery, get an event in a room, and lose it."""
        pid = browser.open(recover=True)["pid"]
        browser.say('42/ws,1["subscribe",{"room":"project:p"}]')
        offset = browser.publish("project:p")
        browser.memberships.forget("c1")
        return pid, offset

    def test_only_for_who_asks(self, browser: Browser) -> None:
        assert "pid" not in browser.open()

    def test_what_was_missed_and_nothing_else(self, browser: Browser) -> None:
        pid, offset = self.lose(browser)
        missed = [browser.publish("project:p"), browser.publish("global", "project:p")]
        browser.publish("project:other")
        reply = browser.open("c2", recover=True, pid=pid, offset=offset)
        assert reply["pid"] == pid
        assert browser.replayed("c2") == missed
        assert browser.members("project:p") == ["c2#/ws"]

    def test_the_offset_is_an_events_last_argument(self, browser: Browser) -> None:
        pid, offset = self.lose(browser)
        missed = browser.publish("project:p")
        browser.open("c2", recover=True, pid=pid, offset=offset)
        (frame,) = browser.gateway.sent["c2"]
        assert json.loads(frame.decode()[6:])[2] == missed

    def test_a_loss_that_was_not_noticed_yet(self, browser: Browser) -> None:
        pid = browser.open(recover=True)["pid"]
        browser.say('42/ws,1["subscribe",{"room":"project:p"}]')
        offset = browser.publish("project:p")
        reply = browser.open("c2", recover=True, pid=pid, offset=offset)
        assert reply["pid"] == pid
        assert "c2#/ws" in browser.members("project:p")
        browser.memberships.forget("c1")  # noticed only now: the new session stays the one
        reply = browser.open("c3", recover=True, pid=pid, offset=offset)
        assert reply["pid"] == pid
        assert "c3#/ws" in browser.members("project:p")

    def test_twice(self, browser: Browser) -> None:
        pid, offset = self.lose(browser)
        browser.open("c2", recover=True, pid=pid, offset=offset)
        browser.memberships.forget("c2")
        last = browser.publish("project:p")
        assert browser.open("c3", recover=True, pid=pid, offset=offset)["pid"] == pid
        assert browser.replayed("c3") == [last]

    def test_an_event_that_was_overtaken(self, browser: Browser) -> None:
        pid = browser.open(recover=True)["pid"]
        browser.say('42/ws,1["subscribe",{"room":"project:p"}]')
        slow = browser.publish("project:elsewhere")
        offset = browser.publish("project:p")
        browser.memberships.forget("c1")
        browser.clock.advance(1)
        late = Envelope(slow, "t", "2026-01-01T00:00:00Z", "s", ("project:p",), {})
        browser.events.log(late, now=browser.clock.now)
        browser.open("c2", recover=True, pid=pid, offset=offset)
        assert browser.replayed("c2") == [slow]

    def test_an_event_whose_fan_out_ran_beside_the_last_one(self, browser: Browser) -> None:
        pid = browser.open(recover=True)["pid"]
        browser.say('42/ws,1["subscribe",{"room":"project:p"}]')
        beside = browser.publish("project:p")
        offset = browser.publish("project:p")
        browser.events.complete(beside, now=browser.clock.now + 0.5)
        browser.memberships.forget("c1")
        browser.open("c2", recover=True, pid=pid, offset=offset)
        assert browser.replayed("c2") == [beside]

    def test_rooms_that_the_new_token_does_not_open_are_not_rejoined(
        self, browser: Browser
    ) -> None:
        pid, offset = self.lose(browser)
        browser.publish("project:p")
        browser.projects[ADA] = Grant()
        browser.open("c2", recover=True, pid=pid, offset=offset)
        assert browser.members("project:p") == []
        assert browser.replayed("c2") == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"token": BOB},
            {"pid": "guessed"},
            {"offset": "not-an-id"},
            {"offset": "01000000-0000-7000-8000-000000000000"},
        ],
    )
    def test_what_cannot_be_complete_is_a_new_session(
        self, browser: Browser, changes: dict[str, str]
    ) -> None:
        pid, offset = self.lose(browser)
        auth = {"recover": True, "pid": pid, "offset": offset, **changes}
        assert browser.open("c2", **auth)["pid"] not in ("", pid)
        assert browser.replayed("c2") == []

    def test_too_much_was_missed(self, browser: Browser) -> None:
        pid, offset = self.lose(browser)
        for _ in range(MOST_REPLAYED + 1):
            browser.publish("project:p")
        assert browser.open("c2", recover=True, pid=pid, offset=offset)["pid"] != pid

    def test_who_left_on_purpose_does_not_come_back(self, browser: Browser) -> None:
        pid = browser.open(recover=True)["pid"]
        offset = browser.publish("global")
        browser.say("41/ws,")
        assert (
            browser.say(
                "40/ws," + json.dumps({"token": ADA, "recover": True, "pid": pid, "offset": offset})
            ).find(pid)
            == -1
        )
