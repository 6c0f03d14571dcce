"""What one client sends, executed in another order, and commands of many rooms."""

import json
from importlib import import_module
from itertools import permutations
from types import SimpleNamespace
from typing import Any

import pytest

from roomcast.envelope import timestamp
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.inbound.replay import Replay, Replayed
from roomcast_backend.settings import Settings
from roomcast_backend.stores.connections import RateLimit
from roomcast_backend.stores.row_change import MOST_KEPT
from tests.fakes.socketio_server import HOUR, OTHER, USER, Server

P1, P2 = "project:p1", "project:p2"
TOO_MANY = ["agent:a", "agent:b", "agent:c", "agent:d"]


def json_frame(action: str, number: int | None = None, **body: Any) -> str:
    return json.dumps({"action": action, **body, **({} if number is None else {"id": number})})


def event(name: str, ack: int | None = None, **body: Any) -> str:
    return f"42/ws,{'' if ack is None else ack}{json.dumps([name, body])}"


class Speaker:
    """A client whose frames come at a time of their own, in milliseconds after its beginning."""

    def __init__(self, server: Server, *, socketio: bool) -> None:
        self.server = server
        self.socketio = socketio
        self.id = "c1#/ws" if socketio else "c1"
        self.began = int(server.clock.now * 1000)
        server.connect(principal=None if socketio else server.principal(),
                       protocol="socketio" if socketio else "json")  # fmt: skip
        self.hear('40/ws,{"token":"good"}' if socketio else json_frame("ping"), at=-1)

    def hear(self, frame: str, *, at: int) -> str:
        return self.server.dispatcher.answer("c1", frame, at=self.began + at)

    def ask(self, action: str, *, at: int, number: int | None = None, **body: Any) -> Any:
        if not self.socketio:
            return json.loads(self.hear(json_frame(action, number, **body), at=at))
        reply = self.hear(event(action, number, **body), at=at)
        return json.loads(reply[reply.index("[") :])[0] if "[" in reply else reply

    def is_in(self, room: str) -> bool:
        row = self.server.connections.get(self.id)
        assert row is not None
        assert (self.id in self.server.members(room)) == (room in row.rooms)
        return room in row.rooms


@pytest.fixture
def server(dynamodb: Any) -> Server:
    return Server(dynamodb)


@pytest.fixture(params=[True, False], ids=["Socket.IO", "JSON"])
def speaker(server: Server, request: pytest.FixtureRequest) -> Speaker:
    return Speaker(server, socketio=request.param)


class TestOneRoom:
    @pytest.mark.parametrize("room", [P1, "global"])
    @pytest.mark.parametrize("order", list(permutations(range(3))))
    @pytest.mark.parametrize("step", [0, 1])
    def test_the_last_one_sent_wins(
        self, speaker: Speaker, room: str, order: tuple[int, ...], step: int
    ) -> None:
        actions = ["subscribe", "unsubscribe", "subscribe"]
        for number in order:
            reply = speaker.ask(actions[number], room=room, at=number * step, number=number)
            assert reply["status"] == "success"
        assert speaker.is_in(room)

    def test_by_time_without_numbers(self, speaker: Speaker) -> None:
        speaker.ask("unsubscribe", room=P1, at=2)
        speaker.ask("subscribe", room=P1, at=1)
        assert not speaker.is_in(P1)
        speaker.ask("subscribe", room=P1, at=3)
        assert speaker.is_in(P1)

    def test_time_comes_before_the_number(self, speaker: Speaker) -> None:
        speaker.ask("subscribe", room=P1, at=2, number=1)
        speaker.ask("unsubscribe", room=P1, at=1, number=2)
        assert speaker.is_in(P1)

    def test_without_numbers_in_one_millisecond_the_last_executed_wins(
        self, speaker: Speaker
    ) -> None:
        speaker.ask("subscribe", room=P1, at=1, number=7)
        speaker.ask("unsubscribe", room=P1, at=1)
        assert not speaker.is_in(P1)

    def test_rooms_do_not_disturb_each_other(self, speaker: Speaker) -> None:
        speaker.ask("subscribe", room=P2, at=5, number=5)
        speaker.ask("subscribe", room=P1, at=1, number=1)
        assert speaker.is_in(P1)
        assert speaker.is_in(P2)

    def test_a_superseded_command_with_since_has_recovered_nothing(self, speaker: Speaker) -> None:
        speaker.ask("unsubscribe", room=P1, at=2, number=2)
        reply = speaker.ask("subscribe", room=P1, at=1, number=1, since="x")
        assert (reply["status"], reply["recovered"], reply["replayed"]) == ("success", False, 0)
        assert not speaker.is_in(P1)

    def test_what_the_token_does_not_open_is_refused_all_the_same(self, speaker: Speaker) -> None:
        speaker.ask("unsubscribe", room="project:secret", at=2)
        reply = speaker.ask("subscribe", room="project:secret", at=1)
        if not speaker.socketio:
            assert reply["code"] == "ROOM_ACCESS_DENIED"

    def test_old_versions_are_dropped(self, speaker: Speaker) -> None:
        for number in range(5):
            speaker.ask("unsubscribe", room=f"project:{number}", at=number)
        speaker.ask("subscribe", room=P1, at=120_000)
        row = speaker.server.connections.get(speaker.id)
        assert row is not None
        assert len(row.versions) == 1

    def test_leaving_thousands_of_rooms_does_not_fill_the_row(self, speaker: Speaker) -> None:
        for number in range(60):
            rooms = [f"agent:{number}-{each}" for each in range(100)]
            speaker.ask("unsubscribe", rooms=rooms, at=number * 200, number=number)
        row = speaker.server.connections.get(speaker.id)
        assert row is not None
        assert len(row.versions) <= MOST_KEPT
        speaker.ask("subscribe", room="agent:59-0", at=59 * 200, number=0)
        assert not speaker.is_in("agent:59-0")  # the newest ones are kept

    def test_the_row_of_a_room_that_was_left_is_gone(self, speaker: Speaker) -> None:
        speaker.ask("subscribe", room=P1, at=1)
        speaker.ask("unsubscribe", room=P1, at=2)
        assert list(speaker.server.rooms.members(P1, 0, size=9)) == []

    def test_the_last_token_wins(self, speaker: Speaker) -> None:
        speaker.server.tokens["other"] = speaker.server.principal(OTHER)
        speaker.ask("authenticate", token="other", at=2, number=2)
        reply = speaker.ask("authenticate", token="good", at=1, number=1)
        assert reply["user_id"] == OTHER
        assert speaker.is_in(f"user:{OTHER}")

    @pytest.mark.parametrize(("more", "at"), [({"requestTimeEpoch": 17_123}, 17_123), ({}, None)])
    def test_the_time_is_that_of_the_frame(
        self, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], at: int | None
    ) -> None:
        heard: list[Any] = []

        def answer(_connection_id: str, _frame: str, *, at: int | None) -> str:
            heard.append(at)
            return "6"

        module = import_module("functions.subscribe.handler")
        monkeypatch.setattr(module, "dispatcher", lambda: SimpleNamespace(answer=answer))
        context = {"connectionId": "c1", "eventType": "MESSAGE", **more}
        names = ("function_name", "memory_limit_in_mb", "invoked_function_arn", "aws_request_id")
        module.handler(
            {"requestContext": context, "body": "6"}, SimpleNamespace(**dict.fromkeys(names, "1"))
        )
        assert heard == [at]


class TestSessions:
    @pytest.fixture
    def speaker(self, server: Server) -> Speaker:
        speaker = Speaker(server, socketio=True)
        speaker.hear('40{"token":"good"}', at=0)
        speaker.ask("subscribe", room=P1, at=0, number=1)
        return speaker

    @pytest.mark.parametrize("frames", [["41/ws,", '40/ws,{"token":"good"}'],
                                        ['40/ws,{"token":"good"}', "41/ws,"]])  # fmt: skip
    @pytest.mark.parametrize("at", [(5, 5), (5, 6)])
    def test_leave_and_come_back(
        self, speaker: Speaker, frames: list[str], at: tuple[int, int]
    ) -> None:
        times = {"41/ws,": at[0], '40/ws,{"token":"good"}': at[1]}
        for frame in frames:
            speaker.hear(frame, at=times[frame])
        assert speaker.server.gateway.closed == []
        assert speaker.ask("debug:rooms", at=9, number=2)["rooms"] == ["global", f"user:{USER}"]
        assert speaker.server.members(P1) == []
        assert "c1#/" in speaker.server.members("global")

    def test_come_twice(self, server: Server, speaker: Speaker) -> None:
        replies = [speaker.hear('40/ws,{"token":"good"}', at=at) for at in (5, 5, 4)]
        assert len(set(replies)) == 1
        assert speaker.is_in(P1)
        assert speaker.hear("41/ws,", at=6) == "6"
        assert server.connections.get("c1#/ws") is None

    def test_come_twice_and_leave_in_between(self, server: Server, speaker: Speaker) -> None:
        """The CONNECT cannot know of the DISCONNECT, which makes a new session of the old one."""
        before = server.connections.get(speaker.id)
        assert before is not None
        speaker.ask("unsubscribe", room="global", at=2, number=2)
        server.greeted.clear()
        told = speaker.hear('40/ws,{"token":"good"}', at=5)
        assert before.sid in told
        assert server.greeted == []
        speaker.ask("subscribe", room=P2, at=7, number=3)
        assert speaker.hear("41/ws,", at=4) == "6"
        assert server.greeted == [speaker.id]
        assert server.greeter.open(speaker.id)
        assert speaker.is_in("global")
        assert speaker.is_in(P2)
        assert not speaker.is_in(P1)
        assert speaker.hear('40/ws,{"token":"good"}', at=5) == told
        assert speaker.hear("41/ws,", at=8) == "6"
        assert server.connections.get(speaker.id) is None

    def test_what_was_left_after_coming_back_stays_left(self, speaker: Speaker) -> None:
        speaker.hear('40/ws,{"token":"good"}', at=5)
        speaker.ask("unsubscribe", room="global", at=7, number=3)
        speaker.ask("unsubscribe", room=f"user:{USER}", at=7, number=4)
        speaker.hear("41/ws,", at=4)
        assert speaker.ask("debug:rooms", at=9, number=5)["rooms"] == []
        assert "c1#/ws" not in speaker.server.members("global")

    def test_a_client_that_has_recovered_keeps_its_rooms(self, server: Server) -> None:
        """It is told so by its secret: the DISCONNECT comes too late to take that back."""
        speaker = Speaker(server, socketio=True)
        auth = {"token": "good", "recover": True}
        told = json.loads(speaker.hear(f"40/ws,{json.dumps(auth)}", at=1).removeprefix("40/ws,"))
        speaker.ask("subscribe", room=P1, at=2, number=2)
        auth |= {"pid": told["pid"], "offset": server.publish("global").id}
        again = speaker.hear(f"40/ws,{json.dumps(auth)}", at=5)
        assert json.loads(again.removeprefix("40/ws,")) == told
        speaker.hear("41/ws,", at=4)
        assert speaker.is_in(P1)

    def test_come_and_leave(self, server: Server, speaker: Speaker) -> None:
        assert speaker.hear("41/ws,", at=7) == "6"
        assert speaker.hear('40/ws,{"token":"good"}', at=6) == "6"
        assert server.rows("connections") == ["c1", "c1#/"]
        assert server.gateway.closed == []

    def test_an_event_that_its_disconnect_has_overtaken(self, speaker: Speaker) -> None:
        speaker.hear("41/ws,", at=5)
        assert speaker.hear(event("unsubscribe", 2, room=P1), at=5) == "6"
        assert speaker.server.gateway.closed == []

    def test_an_event_after_its_disconnect_ends_the_connection(self, speaker: Speaker) -> None:
        speaker.hear("41/ws,", at=5)
        assert speaker.hear(event("ping", 2), at=6) == "6"
        assert speaker.server.gateway.closed == ["c1"]

    def test_a_command_of_the_session_before_changes_nothing(self, speaker: Speaker) -> None:
        speaker.hear("41/ws,", at=5)
        speaker.hear('40/ws,{"token":"good"}', at=6)
        assert speaker.ask("subscribe", room=P2, at=4, number=2)["status"] == "success"
        assert not speaker.is_in(P2)

    def test_a_token_of_the_handshake_that_was_refused(self, server: Server) -> None:
        speaker = Speaker(server, socketio=True)
        row = server.connections.get("c1")
        assert row is not None
        server.drop()
        server.connect()
        server.dynamodb.update_item(
            TableName="connections",
            Key={"connection_id": {"S": "c1"}},
            UpdateExpression="SET refused_token = :why",
            ExpressionAttributeValues={":why": {"S": "the token has expired"}},
        )
        reply = speaker.hear("40/ws,", at=1)
        assert reply.startswith('44/ws,{"message":"the token has expired"')
        assert '"code":"AUTH_FAILED"' in reply
        assert speaker.hear('40/ws,{"token":"good"}', at=2).startswith("40/ws,{")


class TestManyRooms:
    def test_a_result_for_each(self, speaker: Speaker) -> None:
        names = [P1, "lobby", "project:secret", P2, P1]
        reply = speaker.ask("subscribe", rooms=names, at=1, number=1)
        assert reply["status"] == "success"
        results = reply["rooms"]
        assert [each["room"] for each in results] == names
        assert [each["status"] for each in results] == [
            "success", "error", "error", "success", "success"
        ]  # fmt: skip
        assert [each.get("code") for each in results[1:3]] == ["INVALID_ROOM", "ROOM_ACCESS_DENIED"]
        assert all(each["message"] for each in results[1:3])
        assert speaker.is_in(P1)
        assert speaker.is_in(P2)

    def test_names_are_those_of_replies(self, server: Server, speaker: Speaker) -> None:
        reply = speaker.ask("subscribe", rooms=[f"agent:{USER.upper()}"], at=1, number=1)
        assert reply["rooms"] == [{"room": f"agent:{USER}", "status": "success"}]

    def test_the_first_ones_up_to_the_limit(self, speaker: Speaker) -> None:
        reply = speaker.ask("subscribe", rooms=["global", *TOO_MANY], at=1, number=1)
        assert [each.get("code") for each in reply["rooms"]] == [None] * 4 + ["ROOM_LIMIT"]
        assert speaker.is_in("agent:c")
        assert not speaker.is_in("agent:d")

    def test_leave(self, speaker: Speaker) -> None:
        speaker.ask("subscribe", rooms=[P1, P2], at=1, number=1)
        reply = speaker.ask("unsubscribe", rooms=[P1, "global", "agent:x"], at=2, number=2)
        assert [each["status"] for each in reply["rooms"]] == ["success"] * 3
        assert not speaker.is_in(P1)
        assert not speaker.is_in("global")
        assert speaker.is_in(P2)
        assert speaker.server.rows("rooms").count(speaker.id) == 3

    @pytest.mark.parametrize("rooms", [None, "global", {}, [P1, 5], [None], [P1] * 101])
    def test_what_is_no_list_of_names(self, speaker: Speaker, rooms: Any) -> None:
        reply = speaker.ask("subscribe", rooms=rooms, at=1, number=1)
        assert reply["code"] == "INVALID_MESSAGE"
        assert not speaker.is_in(P1)

    def test_either_one_or_many(self, speaker: Speaker) -> None:
        reply = speaker.ask("subscribe", room=P1, rooms=[P2], at=1, number=1)
        assert reply["code"] == "INVALID_MESSAGE"

    def test_none_at_all(self, speaker: Speaker) -> None:
        reply = speaker.ask("subscribe", rooms=[], at=1, number=1)
        assert (reply["status"], reply["rooms"]) == ("success", [])

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_the_last_one_sent_wins(self, speaker: Speaker, order: tuple[int, ...]) -> None:
        actions = [("subscribe", [P1, P2]), ("unsubscribe", [P2, P1]), ("subscribe", [P1])]
        for number in order:
            action, rooms = actions[number]
            speaker.ask(action, rooms=rooms, at=1, number=number)
        assert speaker.is_in(P1)
        assert not speaker.is_in(P2)

    def test_one_offset_for_all(self, speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = replays(monkeypatch)
        reply = speaker.ask("subscribe", rooms=[P1, "x", P2], since="e1", at=1, number=1)
        assert asked == [([P1, P2], "e1")]
        assert [each.get("recovered") for each in reply["rooms"]] == [True, None, True]
        assert reply["replayed"] == 2

    def test_an_offset_for_some(self, speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = replays(monkeypatch)
        since = {P1: "e1", "global": "e2", "agent:other": "e3"}
        reply = speaker.ask("subscribe", rooms=[P1, P2, "global"], since=since, at=1, number=1)
        assert asked == [([P1], "e1"), (["global"], "e2")]
        assert [each.get("recovered") for each in reply["rooms"]] == [True, None, True]
        assert reply["replayed"] == 4

    @pytest.mark.parametrize("since", [5.5, ["e1"], {P1: True}])
    def test_an_offset_that_is_none(self, speaker: Speaker, since: Any) -> None:
        reply = speaker.ask("subscribe", rooms=[P1], since=since, at=1, number=1)
        assert reply["code"] == "INVALID_MESSAGE"


class TestBurst:
    @pytest.mark.parametrize("socketio", [True, False])
    def test_as_many_rooms_as_allowed_at_once(
        self, dynamodb: Any, monkeypatch: pytest.MonkeyPatch, *, socketio: bool
    ) -> None:
        server = Server(dynamodb)
        limit = Settings()
        rate = RateLimit(interval=1000 // limit.commands_per_second, burst=limit.command_burst)
        monkeypatch.setattr(server.dispatcher._limit, "_limit", rate)
        monkeypatch.setattr(server.memberships, "_settings", limit)
        speaker = Speaker(server, socketio=socketio)
        for number in range(limit.max_rooms_per_connection - 2):
            reply = speaker.ask("subscribe", room=f"agent:{number}", at=0, number=number)
            assert reply["status"] == "success"

    def test_a_frame_that_meets_the_transactions_of_others(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        update, met = server.dynamodb.update_item, []

        def refuse(**request: Any) -> Any:
            met.append(request)
            if len(met) <= 4:
                raise AwsError("dynamodb", "UpdateItem", "TransactionConflictException", status=400)
            return update(**request)

        speaker = Speaker(server, socketio=False)
        monkeypatch.setattr(server.dynamodb, "update_item", refuse)
        assert speaker.ask("ping", at=1) == {"status": "pong"}
        assert len(met) > 4


class TestRefusals:
    def test_name_the_room(self, speaker: Speaker) -> None:
        reply = speaker.ask("subscribe", room="project:secret", at=1, number=1)
        assert (reply["code"], reply["room"]) == ("ROOM_ACCESS_DENIED", "project:secret")

    def test_name_it_as_replies_do(self, speaker: Speaker) -> None:
        reply = speaker.ask("subscribe", room=f"project:{USER.upper()}", at=1, number=1)
        assert reply["room"] == f"project:{USER}"

    def test_name_what_is_no_room(self, speaker: Speaker) -> None:
        reply = speaker.ask("subscribe", room="Lobby", at=1, number=1)
        assert (reply["code"], reply["room"]) == ("INVALID_ROOM", "Lobby")

    def test_name_the_room_of_a_command_that_is_too_many(self, speaker: Speaker) -> None:
        replies = [speaker.ask("subscribe", room=P1, at=1, number=n) for n in range(22)]
        assert (replies[-1]["code"], replies[-1]["room"]) == ("RATE_LIMITED", P1)
        reply = speaker.ask("subscribe", rooms=[P1, P2], at=1, number=1)
        assert (reply["code"], reply["rooms"]) == ("RATE_LIMITED", [P1, P2])

    def test_without_a_room_name_none(self, speaker: Speaker) -> None:
        reply = speaker.ask("dance", at=1, number=1)
        assert "room" not in reply

    def test_without_an_ack(self, server: Server) -> None:
        speaker = Speaker(server, socketio=True)
        name, envelope = json.loads(
            speaker.hear(event("subscribe", room="project:secret"), at=1).removeprefix("42/ws,")
        )
        assert name == "connection_error"
        assert envelope["data"]["error_code"] == "ROOM_ACCESS_DENIED"
        assert envelope["data"]["room"] == "project:secret"

    def test_of_some_rooms_without_an_ack(self, server: Server) -> None:
        speaker = Speaker(server, socketio=True)
        frame = event("subscribe", rooms=[P1, "project:secret", "Lobby"])
        _, envelope = json.loads(speaker.hear(frame, at=1).removeprefix("42/ws,"))
        data = envelope["data"]
        assert (data["error_code"], data["room"]) == ("ROOM_ACCESS_DENIED", "project:secret")
        assert [(each["room"], each["code"]) for each in data["rooms"]] == [
            ("project:secret", "ROOM_ACCESS_DENIED"),
            ("Lobby", "INVALID_ROOM"),
        ]
        assert speaker.is_in(P1)


class TestExpiry:
    def test_a_token_that_came_in_time_keeps_the_connection(self, server: Server) -> None:
        """The fan-out reads the members before the fresh token is stored, and closes after it."""
        server.tokens["fresh"] = server.principal(expires_at=int(server.clock.now) + 3 * HOUR)
        speaker = Speaker(server, socketio=False)
        (member,) = [
            each for shard in server.rooms.shards("global")
            for each in server.rooms.members("global", shard, size=9)
        ]  # fmt: skip
        server.clock.advance(HOUR)
        reply = speaker.ask("authenticate", token="fresh", at=1)
        assert reply["expires_at"] > timestamp()[:4]
        until = server.clock.now + 9
        assert server.terminator.close_expired([member], room="global", until=until) == 0
        assert server.gateway.closed == []
        assert server.heard() == []


def replays(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], str]]:
    """Have two events replayed each time; return what for, as it is asked."""
    asked: list[tuple[list[str], str]] = []

    def post(
        _self: Replay, _session: Any, rooms: Any, *, since: str, budget: object = None
    ) -> Replayed:
        asked.append((list(rooms), since))
        return Replayed(2, complete=True)

    monkeypatch.setattr(Replay, "post", post)
    return asked
