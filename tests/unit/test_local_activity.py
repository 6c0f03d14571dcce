"""The lines of `make dev`: what they say of calls and logs, and what they never hold."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from local.activity import coloured, painted, show
from local.emulator import observed

ID = "01a218a5-48e1-776a-8dc3-2c20a5ff8dd3"
CLAIMS = base64.urlsafe_b64encode(b'{"sub": "ada"}').decode().rstrip("=")
TOKEN = f"head.{CLAIMS}.s1gned"


def call(kind: str, body: Any = None, **event: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    return {"requestContext": {"connectionId": "c1", "eventType": kind}, "body": text, **event}


def lines(event: Any, status: int = 200, body: Any = "") -> list[str]:
    text = body if isinstance(body, str) else json.dumps(body)
    result = {"status": "ok", "result": {"statusCode": status, "body": text}}
    found = [*observed.of_event(event), *observed.of_call(event, result)]
    assert "s1gned" not in "".join(found)
    return [" ".join(line.split()) for line in found]


class TestHandshakes:
    @pytest.mark.parametrize(
        "place",
        [
            {"headers": {"Authorization": f"Bearer {TOKEN}"}},
            {"headers": {"Sec-WebSocket-Protocol": f"roomcast, {TOKEN}"}},
            {"queryStringParameters": {"token": TOKEN}},
        ],
    )
    def test_name_the_user(self, place: dict[str, Any]) -> None:
        assert lines(call("CONNECT", **place)) == ["connect c1 ada"]

    def test_without_a_token(self) -> None:
        assert lines(call("CONNECT")) == ["connect c1 no token yet"]

    def test_that_are_refused_have_the_reason(self) -> None:
        said = lines(call("CONNECT"), 401, "the token has expired")
        assert said == ["refused 401 the token has expired (connect)"]
        socketio = {"code": 3, "message": "Bad request: no"}
        assert lines(call("CONNECT"), 400, socketio) == ["refused 400 Bad request: no (connect)"]

    def test_that_fail(self) -> None:
        failed = {"status": "error", "error": "boom"}
        (said,) = observed.of_call(call("CONNECT"), failed)
        assert said.endswith("500 the function failed (connect)")

    def test_the_end(self) -> None:
        event = call("DISCONNECT")
        event["requestContext"]["disconnectStatusCode"] = 1001
        assert lines(event) == ["leave c1 1001"]


class TestCommands:
    def test_json(self) -> None:
        frame = call("MESSAGE", {"action": "subscribe", "room": "project:1", "id": 1})
        assert lines(frame, body={"status": "success", "room": "project:1"}) == [
            "subscribe c1 project:1"
        ]

    def test_socketio(self) -> None:
        frame = call("MESSAGE", '42/ws,7["subscribe",{"room":"project:1"}]')
        reply = '43/ws,7[{"status":"success","room":"project:1"}]'
        assert lines(frame, body=reply) == ["subscribe c1 project:1"]

    def test_a_refusal_names_what_was_asked(self) -> None:
        refusal = {"status": "error", "code": "ROOM_ACCESS_DENIED", "message": "not yours"}
        said = ["refused c1 ROOM_ACCESS_DENIED not yours (subscribe user:2)"]
        frame = call("MESSAGE", {"action": "subscribe", "room": "user:2"})
        assert lines(frame, body=refusal) == said
        frame = call("MESSAGE", '42/ws,7["subscribe",{"room":"user:2"}]')
        assert lines(frame, body=f"43/ws,7[{json.dumps(refusal)}]") == said

    def test_several_rooms_have_a_line_each(self) -> None:
        frame = call("MESSAGE", {"action": "subscribe", "rooms": ["project:1", "user:2"]})
        refusal = {"status": "error", "code": "ROOM_ACCESS_DENIED", "message": "not yours"}
        rooms = [{"room": "project:1", "status": "success"}, {"room": "user:2", **refusal}]
        assert lines(frame, body={"status": "success", "rooms": rooms}) == [
            "subscribe c1 project:1",
            "refused c1 ROOM_ACCESS_DENIED not yours (subscribe user:2)",
        ]

    def test_tokens(self) -> None:
        frame = call("MESSAGE", {"action": "authenticate", "token": TOKEN})
        reply = {"status": "success", "user_id": "ada", "rooms": ["global"]}
        assert lines(frame, body=reply) == ["authenticate c1 ada"]
        frame = call("MESSAGE", f"40/ws,{json.dumps({'token': TOKEN})}")
        assert lines(frame) == ["authenticate c1 ada"]
        refusal = '44/ws,{"message":"the token is not valid"}'
        assert lines(frame, body=refusal) == ["refused c1 the token is not valid (authenticate)"]

    def test_what_changes_nothing_has_no_line(self) -> None:
        assert lines(call("MESSAGE", {"action": "ping"}), body={"status": "pong"}) == []
        assert lines(call("MESSAGE", "3")) == []

    @pytest.mark.parametrize("frame", ["", "{", "[]", "42[", "\x1b[31m", "[" * 100_000, "42[7,7]"])
    def test_whatever_comes(self, frame: str) -> None:
        refusal = {"status": "error", "code": "INVALID_MESSAGE", "message": "\x1b[31mno\nway"}
        (said,) = lines(call("MESSAGE", frame), body=refusal)
        assert said.startswith("refused c1 INVALID_MESSAGE ?[31mno?way (")


class TestRequests:
    def http(self, method: str, path: str) -> dict[str, Any]:
        return {"requestContext": {"http": {"method": method, "path": path}}}

    def test_that_are_refused(self) -> None:
        event = self.http("POST", "/webhooks/github")
        said = lines(event, 401, {"status": "error", "message": "bad signature"})
        assert said == ["refused 401 bad signature (POST /webhooks/github)"]

    def test_webhooks_that_are_taken(self) -> None:
        event = self.http("POST", "/webhooks/github")
        assert lines(event, 202, {"status": "accepted"}) == ["webhook 202 accepted"]
        assert lines(self.http("GET", "/health"), 200, {"status": "ok"}) == []


class TestEvents:
    def test_that_are_published(self) -> None:
        detail = {"id": ID, "type": "a.b", "rooms": ["project:1", "user:2"], "data": {"x": "hush"}}
        assert lines({"detail": detail}) == [f"publish a.b {ID} to project:1, user:2"]

    def test_a_schedule_has_no_line(self) -> None:
        assert lines({"detail-type": "Scheduled Event", "detail": {}}) == []

    def test_that_are_delivered(self) -> None:
        published = int(ID[:8] + ID[9:13], 16) / 1000
        log = {"message": "delivered", "event_id": ID, "type": "a.b", "posts_sent": 3}
        (said,) = observed.of_log(json.dumps(log), now=published + 0.539)
        assert " ".join(said.split()) == f"deliver a.b {ID} posts_sent 3, after 539 ms"
        (said,) = observed.of_log(json.dumps({"message": "delivered", "event_id": "x"}))
        assert said.split() == ["deliver", "x", "to", "nobody"]

    def test_what_goes_wrong_in_a_function(self) -> None:
        log = {"level": "ERROR", "service": "Roomcast-broadcast", "message": "m", "reason": "r"}
        (said,) = observed.of_log(json.dumps(log))
        assert said.split() == ["problem", "Roomcast-broadcast", "m:", "r"]

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"level": "INFO", "message": "counted"}'])
    def test_other_logs(self, text: str) -> None:
        assert list(observed.of_log(text)) == []


class TestShowing:
    def test_colours_are_for_terminals(self) -> None:
        assert coloured(terminal=True, environment={})
        assert not coloured(terminal=False, environment={})
        assert not coloured(terminal=True, environment={"NO_COLOR": "1"})
        line = "12:00:00  refused       401 no (refused)"
        assert painted(line, colours=False) == line
        assert painted(line, colours=True) == line.replace("refused", "\x1b[31mrefused\x1b[0m", 1)

    async def test_lines_are_printed_once_they_are_whole(self, tmp_path: Path) -> None:
        file = tmp_path / "activity.log"
        said: list[str] = []
        task = asyncio.create_task(show(file, said.append))
        await asyncio.sleep(0)
        with file.open("w") as log:
            for part, expected in (("one\ntw", ["one"]), ("o\n", ["one", "two"])):
                log.write(part)
                log.flush()
                async with asyncio.timeout(5):
                    while said != expected:
                        await asyncio.sleep(0.01)
        task.cancel()
