"""Commands against moto's tables: what clients say, what they are told, what is stored."""

import json
from typing import Any

import pytest

from roomcast.rooms import Room
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.auth.verification_keys import KeysUnavailable
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.gateway.paced_posts import PacedPosts
from roomcast_backend.inbound.commands import Commands
from roomcast_backend.inbound.dispatcher import Dispatcher
from roomcast_backend.inbound.json_handler import JsonHandler
from roomcast_backend.inbound.replay import Replay
from roomcast_backend.model.access import EVERYTHING, Grant, Principal
from roomcast_backend.model.connection import JSON, SOCKET_IO, Connection, State
from roomcast_backend.protocol.event_frame import EventFrames
from roomcast_backend.stores.connections import ConnectionStore, RateLimit
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.memberships import ChangeResult, MembershipStore
from roomcast_backend.stores.room_log import RoomLog
from roomcast_backend.stores.rooms import RoomStore
from tests.fakes import presences, states
from tests.fakes.clock import FakeClock
from tests.fakes.data import FakeData
from tests.fakes.documented import check_reply
from tests.fakes.gateway import FakeGateway
from tests.fakes.tables import table_settings
from tests.fakes.token_checks import unrevoked

USER = "6f1c0f9e-0000-4000-8000-000000000001"
OTHER = "6f1c0f9e-0000-4000-8000-000000000002"
HOUR = 3600


class Client:
    """A connected client, its tables and its clock."""

    def __init__(self, dynamodb: Any, **changes: Any) -> None:
        self.settings = table_settings(max_rooms_per_connection=5, **changes)
        self.clock = FakeClock()
        self.connections = ConnectionStore(self.settings, client=dynamodb)
        self.memberships = MembershipStore(self.settings, client=dynamodb, sleep=self.clock.sleep)
        self.rooms = RoomStore(self.settings, client=dynamodb)
        self.gateway = FakeGateway("c1")
        self.tokens: dict[str, Principal | Exception] = {}
        self.events = EventStore(self.settings, client=dynamodb)
        commands = Commands(
            connections=self.connections,
            memberships=self.memberships,
            tokens=unrevoked(self._principal_of),
            replay=Replay(
                RoomLog(self.settings, client=dynamodb, sleep=self.clock.sleep),
                self.events,
                PacedPosts(self.gateway, charge=states.free, clock=self.clock),
                frames=EventFrames(FakeData(), largest=self.settings.max_post_bytes),
                keep=24 * HOUR,
                clock=self.clock,
            ),
            teller=states.teller(self.settings, dynamodb, self.gateway, self.clock),
            presence=presences.commands(self.settings, dynamodb, self.clock),
            max_rooms_per_connection=self.settings.max_rooms_per_connection,
            clock=self.clock,
        )
        self.dispatcher = Dispatcher(
            connections=self.connections,
            handlers=dict.fromkeys((JSON, SOCKET_IO), JsonHandler(commands)),
            gateway=self.gateway,
            limit=RateLimit(interval=100, burst=20),
            clock=self.clock,
        )

    def _principal_of(self, token: str) -> Principal:
        found = self.tokens.get(token, TokenRefused("the token is not valid"))
        if isinstance(found, Exception):
            raise found
        return found

    def principal(self, user_id: str = USER, **changes: Any) -> Principal:
        values: dict[str, Any] = {"projects": Grant(ids=frozenset({"p1", "p2"}))}
        return Principal(
            user_id=user_id, expires_at=int(self.clock.now) + HOUR, **{**values, **changes}
        )

    def connect(self, principal: Principal | None = None) -> None:
        state = State.OPEN if principal else State.PENDING
        self.connections.put(Connection("c1", "json", state, int(self.clock.now), principal))

    def say(self, frame: str | dict[str, Any]) -> dict[str, Any]:
        self.clock.advance(1)
        text = frame if isinstance(frame, str) else json.dumps(frame)
        reply: dict[str, Any] = json.loads(self.dispatcher.answer("c1", text))
        if isinstance(frame, dict):
            check_reply(frame.get("action"), reply)
        return reply

    def ping(self) -> dict[str, Any]:
        """Send a ping while the clock stands still."""
        reply: dict[str, Any] = json.loads(self.dispatcher.answer("c1", '{"action":"ping"}'))
        return reply

    def members(self, room: str) -> list[str]:
        return [
            member.connection_id
            for shard in self.rooms.shards(room)
            for member in self.rooms.members(room, shard, size=10)
            if not member.muted
        ]


@pytest.fixture
def client(dynamodb: Any) -> Client:
    client = Client(dynamodb)
    client.connect(client.principal())
    return client


@pytest.fixture
def pending(dynamodb: Any) -> Client:
    client = Client(dynamodb)
    client.connect()
    return client


class TestSubscribe:
    def test_joins_and_acknowledges(self, client: Client) -> None:
        reply = client.say({"action": "subscribe", "room": "project:p1", "id": 7})
        assert reply == {"status": "success", "room": "project:p1", "id": 7}
        assert client.members("project:p1") == ["c1"]

    def test_a_frame_that_overtakes_open_joins_the_automatic_rooms(self, client: Client) -> None:
        reply = client.say({"action": "debug:rooms"})
        assert reply["rooms"] == ["global", f"user:{USER}"]
        assert client.members("global") == ["c1"]

    def test_twice_is_once(self, client: Client) -> None:
        for _ in range(2):
            assert client.say({"action": "subscribe", "room": "project:p1"})["status"] == "success"
        assert client.members("project:p1") == ["c1"]

    def test_canonical_ids_share_a_room(self, dynamodb: Any) -> None:
        client = Client(dynamodb)
        client.connect(client.principal(projects=EVERYTHING))
        reply = client.say({"action": "subscribe", "room": f"project:{USER.upper()}"})
        assert reply["room"] == f"project:{USER}"

    def test_a_project_without_access_is_denied_and_changes_nothing(self, client: Client) -> None:
        reply = client.say({"action": "subscribe", "room": "project:secret", "id": "x"})
        assert (reply["status"], reply["code"]) == ("error", "ROOM_ACCESS_DENIED")
        assert reply["id"] == "x"
        assert client.members("project:secret") == []
        assert "project:secret" not in client.say({"action": "debug:rooms"})["rooms"]

    def test_another_users_room_is_denied(self, client: Client) -> None:
        reply = client.say({"action": "subscribe", "room": f"user:{OTHER}"})
        assert reply["code"] == "ROOM_ACCESS_DENIED"

    @pytest.mark.parametrize("room", ["", "lobby", "project:", "project:a b", "global:1", "user"])
    def test_not_a_room_name(self, client: Client, room: str) -> None:
        assert client.say({"action": "subscribe", "room": room})["code"] == "INVALID_ROOM"

    @pytest.mark.parametrize("body", [{}, {"room": None}, {"room": 5}, {"room": ["global"]}])
    def test_a_room_of_the_wrong_type_says_what_came(
        self, client: Client, body: dict[str, Any]
    ) -> None:
        reply = client.say({"action": "subscribe", **body})
        assert reply["code"] == "INVALID_MESSAGE"
        assert "expected" in reply["message"]
        assert "got" in reply["message"]

    def test_one_room_too_many(self, client: Client) -> None:
        for number in range(3):
            assert (
                client.say({"action": "subscribe", "room": f"agent:a{number}"})["status"]
                == "success"
            )
        reply = client.say({"action": "subscribe", "room": "agent:a3"})
        assert reply["code"] == "ROOM_LIMIT"
        assert client.members("agent:a3") == []
        assert client.say({"action": "subscribe", "room": "agent:a0"})["status"] == "success"

    def test_after_leaving_there_is_room_again(self, client: Client) -> None:
        for number in range(3):
            client.say({"action": "subscribe", "room": f"agent:a{number}"})
        client.say({"action": "unsubscribe", "room": "agent:a0"})
        assert client.say({"action": "subscribe", "room": "agent:a3"})["status"] == "success"


class TestUnsubscribe:
    def test_leaves_and_acknowledges(self, client: Client) -> None:
        client.say({"action": "subscribe", "room": "project:p1"})
        reply = client.say({"action": "unsubscribe", "room": "project:p1", "id": None})
        assert reply == {"status": "success", "room": "project:p1", "id": None}
        assert client.members("project:p1") == []

    def test_a_room_it_is_not_in(self, client: Client) -> None:
        assert client.say({"action": "unsubscribe", "room": "project:p9"})["status"] == "success"

    def test_leaving_global_mutes_and_keeps_the_roster(self, client: Client) -> None:
        client.say({"action": "unsubscribe", "room": "global"})
        assert client.members("global") == []
        assert client.say({"action": "debug:rooms"})["rooms"] == [f"user:{USER}"]
        roster = [
            m
            for s in client.rooms.shards("global")
            for m in client.rooms.page("global", s, size=9).members
        ]
        assert [member.connection_id for member in roster] == ["c1"]

    def test_global_can_be_joined_again(self, client: Client) -> None:
        client.say({"action": "unsubscribe", "room": "global"})
        client.say({"action": "subscribe", "room": "global"})
        assert client.members("global") == ["c1"]


class TestPing:
    def test_pong(self, client: Client) -> None:
        assert client.say({"action": "ping", "id": {"n": 1}}) == {"status": "pong", "id": {"n": 1}}

    def test_without_id_the_reply_has_none(self, client: Client) -> None:
        assert client.say({"action": "ping"}) == {"status": "pong"}


class TestAuthenticate:
    def test_first_token(self, pending: Client) -> None:
        pending.tokens["good"] = pending.principal()
        reply = pending.say({"action": "authenticate", "token": "good", "id": 1})
        assert reply["status"] == "success"
        assert reply["user_id"] == USER
        assert reply["rooms"] == ["global", f"user:{USER}"]
        assert reply["expires_at"].endswith("Z")
        assert pending.members("global") == ["c1"]

    def test_a_bad_token_changes_nothing(self, pending: Client) -> None:
        reply = pending.say({"action": "authenticate", "token": "bad"})
        assert reply["code"] == "AUTH_FAILED"
        assert pending.say({"action": "ping"})["code"] == "AUTH_MISSING"

    @pytest.mark.parametrize("body", [{}, {"token": 5}, {"token": None}])
    def test_no_token(self, pending: Client, body: dict[str, Any]) -> None:
        assert pending.say({"action": "authenticate", **body})["code"] == "INVALID_MESSAGE"

    @pytest.mark.parametrize("action", ["subscribe", "unsubscribe", "ping", "debug:rooms"])
    def test_commands_before_it(self, pending: Client, action: str) -> None:
        assert pending.say({"action": action, "room": "global"})["code"] == "AUTH_MISSING"

    def test_a_fresh_token_leaves_what_it_does_not_open(self, client: Client) -> None:
        client.say({"action": "subscribe", "room": "project:p1"})
        client.say({"action": "subscribe", "room": "project:p2"})
        client.tokens["narrow"] = client.principal(projects=Grant(ids=frozenset({"p2"})))
        reply = client.say({"action": "authenticate", "token": "narrow"})
        assert reply["rooms"] == ["global", f"user:{USER}", "project:p2"]
        assert client.members("project:p1") == []
        assert client.members("project:p2") == ["c1"]

    def test_the_claim_rooms_opens_what_the_others_do_not(self, client: Client) -> None:
        client.tokens["more"] = client.principal(rooms=frozenset({"project:at*"}))
        client.say({"action": "authenticate", "token": "more"})
        assert client.say({"action": "subscribe", "room": "project:atlas"})["status"] == "success"
        refused = client.say({"action": "subscribe", "room": "project:beta"})
        assert refused["code"] == "ROOM_ACCESS_DENIED"
        assert client.members("project:atlas") == ["c1"]

    def test_a_room_of_a_kind_that_the_deployment_adds(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.tokens["red"] = client.principal(rooms=frozenset({"team:red"}))
        client.say({"action": "authenticate", "token": "red"})
        assert client.say({"action": "subscribe", "room": "team:red"})["code"] == "INVALID_ROOM"
        monkeypatch.setenv("ROOMCAST_ROOM_KINDS", '{"team": {"claim": "teams"}}')
        assert client.say({"action": "subscribe", "room": "team:red"})["status"] == "success"
        refused = client.say({"action": "subscribe", "room": "team:blue"})
        assert refused["code"] == "ROOM_ACCESS_DENIED"
        assert client.members("team:red") == ["c1"]

    def test_a_room_whose_kind_is_gone_is_left(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_ROOM_KINDS", '{"team": {"claim": "teams"}}')
        client.tokens["red"] = client.principal(rooms=frozenset({"team:red"}))
        client.say({"action": "authenticate", "token": "red"})
        client.say({"action": "subscribe", "room": "team:red"})
        monkeypatch.delenv("ROOMCAST_ROOM_KINDS")
        client.tokens["none"] = client.principal()
        reply = client.say({"action": "authenticate", "token": "none"})
        assert reply["rooms"] == ["global", f"user:{USER}"]
        assert client.members("team:red") == []

    def test_a_fresh_token_without_the_claim_rooms_closes_them(self, client: Client) -> None:
        client.tokens["more"] = client.principal(rooms=frozenset({"project:at*"}))
        client.say({"action": "authenticate", "token": "more"})
        client.say({"action": "subscribe", "room": "project:atlas"})
        client.tokens["fewer"] = client.principal()
        reply = client.say({"action": "authenticate", "token": "fewer"})
        assert "project:atlas" not in reply["rooms"]
        assert client.members("project:atlas") == []
        refused = client.say({"action": "subscribe", "room": "project:atlas"})
        assert refused["code"] == "ROOM_ACCESS_DENIED"

    def test_a_fresh_token_moves_the_expiry_of_every_membership(self, client: Client) -> None:
        client.say({"action": "subscribe", "room": "project:p1"})
        client.clock.advance(HOUR / 2)
        fresh = client.tokens["fresh"] = client.principal()
        client.say({"action": "authenticate", "token": "fresh"})
        (member,) = client.rooms.page("project:p1", 0, size=9).members
        assert isinstance(fresh, Principal)
        assert member.expires_at == fresh.expires_at

    def test_another_users_token_changes_the_user_room(self, client: Client) -> None:
        client.say({"action": "ping"})
        client.tokens["other"] = client.principal(OTHER)
        reply = client.say({"action": "authenticate", "token": "other"})
        assert reply["rooms"] == ["global", f"user:{OTHER}"]
        assert client.members(f"user:{USER}") == []
        assert client.members(f"user:{OTHER}") == ["c1"]

    def test_a_refresh_does_not_unmute(self, client: Client) -> None:
        client.say({"action": "unsubscribe", "room": "global"})
        client.tokens["fresh"] = client.principal()
        reply = client.say({"action": "authenticate", "token": "fresh"})
        assert reply["rooms"] == [f"user:{USER}"]
        assert client.members("global") == []

    def test_an_expired_connection_can_only_authenticate(self, client: Client) -> None:
        client.clock.advance(HOUR + 1)
        assert client.say({"action": "ping"})["code"] == "AUTH_FAILED"
        client.tokens["fresh"] = client.principal()
        assert client.say({"action": "authenticate", "token": "fresh"})["status"] == "success"
        assert client.say({"action": "ping"})["status"] == "pong"

    def test_keys_that_do_not_answer_are_not_a_bad_token(self, pending: Client) -> None:
        pending.tokens["any"] = KeysUnavailable("down")
        reply = pending.say({"action": "authenticate", "token": "any", "id": 3})
        assert (reply["code"], reply["id"]) == ("UNAVAILABLE", 3)


class TestBadFrames:
    @pytest.mark.parametrize(
        "frame",
        [
            "",
            "hello",
            "{",
            "[]",
            "null",
            "5",
            '"subscribe"',
            "{}",
            '{"id": 1}',
            '{"action": null}',
            '{"action": 5}',
            '{"action": ["subscribe"]}',
            '{"action": "dance"}',
            '{"action": "$connect"}',
            '{"action": "ping", "id": NaN}',
            '{"action": "ping", "id": 1e999}',
            "[" * 5000,
            '{"action": "ping", "id": ' + "[" * 5000 + "]" * 5000 + "}",
            '{"action": "ping", "id": ' + "9" * 5000 + "}",
        ],
    )
    def test_is_refused_and_the_connection_stays(self, client: Client, frame: str) -> None:
        reply = client.say(frame)
        assert (reply["status"], reply["code"]) == ("error", "INVALID_MESSAGE")
        assert "expected" in reply["message"]
        assert "got" in reply["message"]
        assert client.gateway.closed == []
        assert client.say({"action": "ping"}) == {"status": "pong"}

    def test_the_largest_frame_and_one_byte_more(self, client: Client) -> None:
        frame = '{"action":"ping","pad":""}'
        fits = frame.replace('""', '"' + "x" * (32 * 1024 - len(frame)) + '"')
        assert client.say(fits) == {"status": "pong"}
        reply = client.say(fits + " ")
        assert reply["code"] == "PAYLOAD_TOO_LARGE"
        assert client.say({"action": "ping"}) == {"status": "pong"}

    @pytest.mark.parametrize("ref", [7, "seven", None, ["\ud800"]])
    def test_one_that_is_too_large_is_refused_under_its_id(self, client: Client, ref: Any) -> None:
        frame = {"action": "subscribe", "room": "x" * 40_000, "id": ref}
        reply = client.say(frame)
        assert (reply["code"], reply["id"]) == ("PAYLOAD_TOO_LARGE", ref)

    @pytest.mark.parametrize(
        "frame",
        ["{" * 40_000, "[" + "1," * 20_000 + "1]", '{"action":"ping","id":"' + "x" * 33_000 + '"}'],
    )
    def test_one_that_is_too_large_without_an_id_that_could_be_returned(
        self, client: Client, frame: str
    ) -> None:
        reply = client.say(frame)
        assert reply["code"] == "PAYLOAD_TOO_LARGE"
        assert "id" not in reply

    def test_an_id_with_lone_surrogates_comes_back(self, client: Client) -> None:
        assert client.say('{"action":"ping","id":"\\ud800"}')["id"] == "\ud800"

    def test_a_long_unknown_action_is_not_echoed_whole(self, client: Client) -> None:
        assert len(client.say({"action": "x" * 9999})["message"]) < 200


class TestRateLimit:
    def test_a_burst_and_then_one_per_interval(self, client: Client) -> None:
        replies = [client.ping() for _ in range(21)]
        assert [reply.get("status") for reply in replies[:20]] == ["pong"] * 20
        limited = replies[20]
        assert limited["code"] == "RATE_LIMITED"
        assert 0 < limited["retry_after_ms"] <= 100

    def test_waiting_as_told_is_enough(self, client: Client) -> None:
        for _ in range(20):
            client.ping()
        limited = json.loads(client.dispatcher.answer("c1", '{"action":"ping","id":4}'))
        assert limited["id"] == 4
        client.clock.advance(limited["retry_after_ms"] / 1000)
        assert client.ping() == {"status": "pong"}

    def test_rest_restores_one_burst_and_no_more(self, client: Client) -> None:
        client.clock.advance(3000)
        replies = [client.ping() for _ in range(25)]
        assert [reply["status"] for reply in replies].count("pong") == 20

    def test_refused_commands_change_nothing(self, client: Client) -> None:
        for _ in range(20):
            client.ping()
        client.dispatcher.answer("c1", '{"action":"subscribe","room":"project:p1"}')
        assert client.members("project:p1") == []


class TestUnknownConnection:
    def test_is_told_and_closed(self, client: Client) -> None:
        reply = json.loads(client.dispatcher.answer("stranger", '{"action":"ping"}'))
        assert reply["code"] == "AUTH_MISSING"
        assert client.gateway.closed == ["stranger"]

    def test_nothing_is_stored_for_it(self, client: Client) -> None:
        client.dispatcher.answer("stranger", '{"action":"subscribe","room":"global"}')
        assert client.connections.get("stranger") is None
        assert client.members("global") == []


class TestSideBySide:
    def test_a_join_decided_under_an_old_token_is_decided_anew(self, client: Client) -> None:
        client.say({"action": "ping"})
        old = client.connections.get("c1")
        assert old is not None
        client.tokens["narrow"] = client.principal(projects=Grant())
        client.say({"action": "authenticate", "token": "narrow"})
        change = client.memberships.join(old, Room("project", "p1"), now=0)
        assert change is ChangeResult.STALE
        assert client.members("project:p1") == []

    def test_a_join_after_disconnect_leaves_nothing(self, client: Client) -> None:
        client.say({"action": "ping"})
        connection = client.connections.get("c1")
        assert connection is not None
        client.memberships.forget("c1")
        assert (
            client.memberships.join(connection, Room("project", "p1"), now=0) is ChangeResult.GONE
        )
        assert client.memberships.settle(connection, now=0) is ChangeResult.GONE
        assert client.members("project:p1") == []
        assert client.members("global") == []


class TestFaults:
    def test_a_store_that_fails_is_a_reply_not_an_exception(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_args: Any, **_kwargs: Any) -> None:
            raise AwsError("dynamodb", "UpdateItem", "InternalServerError", status=500)

        monkeypatch.setattr(client.connections, "admit", fail)
        reply = client.say({"action": "ping"})
        assert reply["code"] == "UNAVAILABLE"
        assert "Internal" not in reply["message"]

    def test_a_bug_is_a_reply_without_a_trace(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_args: Any, **_kwargs: Any) -> None:
            raise KeyError("secret detail")

        monkeypatch.setattr(client.memberships, "join", fail)
        reply = client.say({"action": "subscribe", "room": "project:p1", "id": 9})
        assert (reply["code"], reply["id"]) == ("UNAVAILABLE", 9)
        assert "secret" not in json.dumps(reply)

    def test_forget_after_a_crash_between_its_two_writes(
        self, client: Client, dynamodb: Any
    ) -> None:
        client.say({"action": "subscribe", "room": "project:p1"})
        client.connections.delete("c1")  # the crash: the row is gone, the memberships are not
        assert client.members("project:p1") == ["c1"]
        client.memberships.forget("c1", seen_in=["project:p1"])  # what GONE does
        assert client.members("project:p1") == []

    def test_every_row_has_a_ttl(self, client: Client, dynamodb: Any) -> None:
        client.say({"action": "subscribe", "room": "project:p1"})
        for table in ("connections", "rooms"):
            items = dynamodb.scan(TableName=table)["Items"]
            assert items
            assert all(int(item["ttl"]["N"]) > client.clock.now for item in items)
