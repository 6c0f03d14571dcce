"""The handlers themselves, with events as Lambda gives them, against moto."""

import json
import math
import os
import re
import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock
from urllib.parse import parse_qsl

import boto3
import jwt
import pytest

from functions.access import wiring as access_wiring
from functions.access.handler import handler as access
from functions.broadcast.handler import handler as broadcast
from functions.connect.handler import handler as connect
from functions.connect.wiring import acceptor
from functions.count.handler import handler as count
from functions.deadline.handler import handler as deadline
from functions.disconnect.handler import handler as disconnect
from functions.heartbeat.handler import handler as heartbeat
from functions.heartbeat.wiring import heartbeat as wired_heartbeat
from functions.open.handler import handler as open_connection
from functions.reconcile.handler import handler as reconcile
from functions.reconcile.wiring import reconciliation
from functions.status.handler import handler as status
from functions.subscribe.handler import handler as subscribe
from roomcast import __version__
from roomcast.access import REMOVE, REVOKE, Order
from roomcast.envelope import Envelope
from roomcast.events import ProjectDeleted
from roomcast_backend.aws import clients
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.fanout.work import Work
from roomcast_backend.lifecycle.handshake import HandshakeRefused
from roomcast_backend.model.connection import Connection, State
from roomcast_backend.model.polling import PollingSession, polling_id
from roomcast_backend.runtime import unavailable
from roomcast_backend.settings import settings
from roomcast_backend.statistics import costs
from roomcast_backend.stores.counters import CONNECTIONS, Counter, CounterStore, members
from roomcast_backend.stores.ended_access import EndedAccessStore
from roomcast_backend.stores.polling import PollingStore
from tests.fakes.documented import check_answer
from tests.fakes.gateway import FakeGateway
from tests.fakes.tables import KEYS
from tests.unit.test_deliverable import NO_NAMES, NOT_ROOMS, RESERVED

SECRET = "0123456789abcdef0123456789abcdef"
ROOT = Path(__file__).parents[2]
PARTS = [
    import_module(str(path.relative_to(root).with_suffix("")).replace("/", "."))
    for root, pattern in (
        (ROOT, "functions/*/wiring.py"),
        (ROOT / "src", "roomcast_backend/runtime/*.py"),
    )
    for path in root.glob(pattern)
]
CACHES = [
    value
    for module in (clients, *PARTS)
    for value in vars(module).values()
    if hasattr(value, "cache_clear")
]


class Lambda:
    """What the handlers find around them."""

    def __init__(self) -> None:
        self.gateway = FakeGateway()
        self.opened: list[dict[str, Any]] = []
        self.context: Any = SimpleNamespace(
            function_name="f",
            memory_limit_in_mb=128,
            invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:f",
            aws_request_id="r",
            get_remaining_time_in_millis=lambda: 30_000,
        )

    def token(self, **claims: Any) -> str:
        values = {"sub": "u1", "exp": int(time.time()) + 60, "token_type": "access", **claims}
        return jwt.encode(values, SECRET, algorithm="HS256")

    def connect(
        self, connection_id: str = "c1", *, token: str | None = None, **headers: str
    ) -> dict[str, Any]:
        event = {
            "requestContext": {"connectionId": connection_id, "eventType": "CONNECT"},
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
            "queryStringParameters": {"token": token} if token else None,
        }
        answer: dict[str, Any] = connect(event, self.context)
        if answer["statusCode"] == 200:
            self.gateway.open.add(connection_id)
        return answer

    def connect_socket_io(self, connection_id: str) -> None:
        event = {
            "requestContext": {"connectionId": connection_id, "eventType": "CONNECT"},
            "queryStringParameters": {"EIO": "4", "transport": "websocket"},
        }
        assert connect(event, self.context) == {"statusCode": 200}
        self.gateway.open.add(connection_id)

    def say(
        self, frame: dict[str, Any], handler: Any = subscribe, connection_id: str = "c1"
    ) -> dict[str, Any]:
        event = {
            "requestContext": {"connectionId": connection_id, "eventType": "MESSAGE"},
            "body": json.dumps(frame),
        }
        answer = handler(event, self.context)
        assert answer["statusCode"] == 200
        reply: dict[str, Any] = json.loads(answer["body"])
        return reply

    def get(self, path: str, query: str = "", **headers: str) -> tuple[int, dict[str, Any]]:
        answer = self.request("GET", path, query, **headers)
        body: dict[str, Any] = json.loads(answer["body"])
        documented = re.sub("/rooms/[^/]+/", "/rooms/{room}/", path)
        check_answer("GET", documented, answer["statusCode"], body)
        return answer["statusCode"], body

    def request(self, method: str, path: str, query: str = "", **headers: str) -> dict[str, Any]:
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers,
            "queryStringParameters": dict(parse_qsl(query)) or None,
            "requestContext": {
                "http": {"method": method, "path": path},
                "stage": "$default",
                "requestId": "r",
            },
        }
        return status(event, self.context)

    def publish(self, *rooms: str, **changes: Any) -> Any:
        detail = {
            "id": "e1",
            "type": "project.updated",
            "timestamp": "2026-01-01T00:00:00Z",
            "source": "s",
            "rooms": list(rooms),
            "data": {},
            **changes,
        }
        return broadcast(
            {"id": "b1", "detail-type": "project.updated", "detail": detail}, self.context
        )


@pytest.fixture
def aws_lambda(moto_dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambda]:
    secret = boto3.client("secretsmanager").create_secret(Name="jwt", SecretString=SECRET)
    queue = boto3.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    for name in KEYS:
        monkeypatch.setenv(f"ROOMCAST_{name.upper()}_TABLE", name)
    monkeypatch.setenv("ROOMCAST_JWT_SECRET_ARN", secret["ARN"])
    monkeypatch.setenv("ROOMCAST_OPEN_FUNCTION", "open")
    monkeypatch.setenv("ROOMCAST_DEADLINE_QUEUE_URL", queue)
    monkeypatch.setenv("ROOMCAST_PAGES_QUEUE_URL", queue)
    for cached in CACHES:
        cached.cache_clear()
    stand = Lambda()
    monkeypatch.setattr("roomcast_backend.runtime.gateway.ConnectionsApi", lambda _: stand.gateway)
    monkeypatch.setattr(
        clients,
        "lambda_invoker",
        lambda: SimpleNamespace(invoke=lambda **call: stand.opened.append(call)),
    )
    yield stand
    for cached in CACHES:
        cached.cache_clear()


def put_secret(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Make a text the secret of tokens."""
    name = f"jwt-{time.monotonic_ns()}"
    secret = boto3.client("secretsmanager").create_secret(Name=name, SecretString=text)
    monkeypatch.setenv("ROOMCAST_JWT_SECRET_ARN", secret["ARN"])
    settings.cache_clear()


NOT_TIMES = [
    (int(time.time()) + 3600) * 1000,
    int("9" * 4000),
    -1,
    -1.5,
    1e300,
    True,
    None,
    "9" * 4000,
    str(int(time.time()) + 3600),
    [int(time.time()) + 3600],
]
"""What is no time for a token to expire."""


class TestExpiry:
    """The same rules wherever a token comes in."""

    @pytest.mark.parametrize("exp", NOT_TIMES, ids=lambda exp: type(exp).__name__)
    def test_that_is_no_time_is_refused(self, aws_lambda: Lambda, exp: Any) -> None:
        token = aws_lambda.token(exp=exp, role="admin")
        assert aws_lambda.connect(token=token)["statusCode"] == 401
        bearer = {"authorization": f"Bearer {token}"}
        assert aws_lambda.get("/api/v1/websocket/stats", **bearer)[0] == 401
        aws_lambda.connect()
        reply = aws_lambda.say({"action": "authenticate", "token": token})
        assert reply["code"] == "AUTH_FAILED"
        assert aws_lambda.say({"action": "debug:rooms"})["code"] == "AUTH_MISSING"

    def test_within_the_leeway_is_the_same_everywhere(self, aws_lambda: Lambda) -> None:
        now = int(time.time())
        token = aws_lambda.token(exp=now - 5, nbf=now + 5, iat=now + 5, role="admin")
        bearer = {"authorization": f"Bearer {token}"}
        assert aws_lambda.get("/api/v1/websocket/stats", **bearer)[0] == 200
        assert aws_lambda.connect(token=token)["statusCode"] == 200
        assert aws_lambda.say({"action": "debug:rooms"})["status"] == "success"
        reply = aws_lambda.say({"action": "authenticate", "token": token})
        expires_at = datetime.fromisoformat(reply["expires_at"]).timestamp()
        assert expires_at == now - 5 + settings().jwt_leeway
        aws_lambda.publish("user:u1")
        assert len(aws_lambda.gateway.sent["c1"]) == 1

    def test_a_user_whom_a_provider_names_is_in_their_room(self, aws_lambda: Lambda) -> None:
        event = ProjectDeleted(project_id="p1", deleted_by="auth0|6553da60")
        aws_lambda.connect(token=aws_lambda.token(sub="auth0|6553da60"))
        rooms = aws_lambda.say({"action": "debug:rooms"})["rooms"]
        assert rooms == ["global", "user:auth0|6553da60"]
        aws_lambda.publish(*event.rooms())
        (frame,) = aws_lambda.gateway.sent["c1"]
        assert json.loads(frame)["room"] == "user:auth0|6553da60"


class TestConnect:
    def test_accepts_and_asks_open_to_greet(self, aws_lambda: Lambda) -> None:
        assert aws_lambda.connect(token=aws_lambda.token())["statusCode"] == 200
        (call,) = aws_lambda.opened
        assert call["InvocationType"] == "Event"
        open_connection(json.loads(call["Payload"]), aws_lambda.context)
        (frame,) = aws_lambda.gateway.sent["c1"]
        assert json.loads(frame)["type"] == "connection.established"

    @pytest.mark.parametrize(
        ("query", "code", "message"),
        [
            (
                {"EIO": "3", "transport": "websocket"},
                5,
                "Unsupported protocol version: expected EIO=4, that is socket.io-client 3 or newer,"
                " got EIO=3",
            ),
            (
                {"transport": "websocket"},
                5,
                "Unsupported protocol version: expected EIO=4, that is socket.io-client 3 or newer,"
                " got none",
            ),
            (
                {"EIO": "4", "transport": "webtransport"},
                0,
                "Transport unknown: expected transport=websocket, got webtransport",
            ),
            ({"EIO": "4"}, 0, "Transport unknown: expected transport=websocket, got none"),
            (
                {"EIO": "4", "transport": "websocket", "sid": "unknown"},
                1,
                "Session ID unknown: expected the sid of a polling session that is not upgraded"
                " yet",
            ),
        ],
    )
    def test_tells_a_developer_which_option_is_wrong(
        self, aws_lambda: Lambda, query: dict[str, str], code: int, message: str
    ) -> None:
        context = {"connectionId": "c1", "eventType": "CONNECT"}
        event = {"requestContext": context, "queryStringParameters": query}
        answer = connect(event, aws_lambda.context)
        assert answer["statusCode"] == 400
        assert answer["headers"] == {"Content-Type": "application/json"}
        assert json.loads(answer["body"]) == {"code": code, "message": message}

    def test_tells_a_socket_io_client_that_its_origin_is_not_allowed(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_ALLOWED_ORIGINS", "https://app.example")
        settings.cache_clear()
        event = {
            "requestContext": {"connectionId": "c1", "eventType": "CONNECT"},
            "headers": {"Origin": "https://other.example"},
            "queryStringParameters": {"EIO": "4", "transport": "websocket"},
        }
        answer = connect(event, aws_lambda.context)
        message = "Forbidden: this origin is not among allowed_origins"
        assert answer["statusCode"] == 403
        assert json.loads(answer["body"]) == {"code": 4, "message": message}

    def test_refuses_a_bad_token(self, aws_lambda: Lambda) -> None:
        assert aws_lambda.connect(token="bad")["statusCode"] == 401

    def test_a_token_among_the_subprotocols(
        self, aws_lambda: Lambda, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        token = aws_lambda.token()
        answer = aws_lambda.connect(Sec_WebSocket_Protocol=f"roomcast, {token}")
        assert answer == {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "roomcast"}}
        assert aws_lambda.opened
        bad = token[:-4] + "AAAA"
        assert aws_lambda.connect(Sec_WebSocket_Protocol=f"roomcast, {bad}")["statusCode"] == 401
        assert "refused" in caplog.text
        assert token[-20:-4] not in "".join(str(vars(record)) for record in caplog.records)

    def test_without_subprotocols_the_answer_has_none(self, aws_lambda: Lambda) -> None:
        assert aws_lambda.connect() == {"statusCode": 200}
        answer = aws_lambda.connect("c2", Sec_WebSocket_Protocol="json")
        assert answer["headers"] == {"Sec-WebSocket-Protocol": "json"}

    @pytest.mark.parametrize("text", [f"{SECRET}\n", f'"{SECRET}"', f'{{"JWT": "{SECRET}"}}'])
    def test_a_secret_as_it_was_pasted(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch, text: str
    ) -> None:
        put_secret(monkeypatch, text)
        assert aws_lambda.connect(token=aws_lambda.token())["statusCode"] == 200

    def test_two_secrets_while_one_replaces_the_other(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fresh = SECRET[::-1]
        new = jwt.encode(
            {"sub": "u1", "exp": int(time.time()) + 60, "token_type": "access"}, fresh, "HS256"
        )
        old = aws_lambda.token()
        for held, expected in (
            ([SECRET], {old: 200, new: 401}),
            ([SECRET, fresh], {old: 200, new: 200}),
            ([fresh, SECRET], {old: 200, new: 200}),
            ([fresh], {old: 401, new: 200}),
        ):
            put_secret(monkeypatch, json.dumps(held))
            for token, code in expected.items():
                assert aws_lambda.connect(token=token)["statusCode"] == code

    def test_a_secret_that_is_too_short_is_503_and_said(
        self,
        aws_lambda: Lambda,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        put_secret(monkeypatch, "changeme")
        assert aws_lambda.connect(token=aws_lambda.token())["statusCode"] == 503
        assert "at least 32 bytes for HS256, got 8" in caplog.text
        assert "changeme" not in caplog.text

    def test_a_store_that_does_not_answer_is_503(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_CONNECTIONS_TABLE", "missing")
        settings.cache_clear()
        assert aws_lambda.connect(token=aws_lambda.token())["statusCode"] == 503

    def test_a_secret_that_cannot_be_read_is_503(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_JWT_SECRET_ARN", "missing")
        settings.cache_clear()
        assert aws_lambda.connect(token=aws_lambda.token())["statusCode"] == 503


def frame_event(body: str | None, connection_id: str = "c1", **more: Any) -> dict[str, Any]:
    context = {"connectionId": connection_id, "eventType": "MESSAGE"}
    return {"requestContext": context, "body": body, **more}


WITHOUT_CONTENT = [
    {"requestContext": {"connectionId": "c1", "eventType": "MESSAGE"}},
    frame_event(None),
    frame_event(""),
    frame_event("", isBase64Encoded=True),
    frame_event(None, isBase64Encoded=False),
]
"""An empty frame, as API Gateway may tell of it."""


class TestFrames:
    @pytest.mark.parametrize("event", WITHOUT_CONTENT)
    def test_without_content_are_answered(self, aws_lambda: Lambda, event: dict[str, Any]) -> None:
        aws_lambda.connect(token=aws_lambda.token())
        answer = subscribe(event, aws_lambda.context)
        assert json.loads(answer["body"])["code"] == "INVALID_MESSAGE"
        for handler in (connect, disconnect):
            answer = handler(event, aws_lambda.context)
            assert json.loads(answer["body"])["code"] == "INVALID_MESSAGE"
        assert aws_lambda.say({"action": "ping"}) == {"status": "pong"}

    @pytest.mark.parametrize("event", WITHOUT_CONTENT[:3])
    def test_without_content_end_a_socket_io_client(
        self, aws_lambda: Lambda, event: dict[str, Any]
    ) -> None:
        aws_lambda.connect_socket_io("c1")
        assert subscribe(event, aws_lambda.context) == {"statusCode": 200, "body": "6"}
        assert aws_lambda.gateway.closed == ["c1"]

    def test_in_base64_are_binary(self, aws_lambda: Lambda) -> None:
        aws_lambda.connect(token=aws_lambda.token())
        command = b64encode(b'{"action":"ping"}').decode()
        answer = subscribe(frame_event(command, isBase64Encoded=True), aws_lambda.context)
        assert json.loads(answer["body"])["code"] == "INVALID_MESSAGE"
        aws_lambda.connect_socket_io("s1")
        packet = frame_event(b64encode(b"1").decode(), "s1", isBase64Encoded=True)
        assert subscribe(packet, aws_lambda.context)["body"] == "6"
        assert aws_lambda.gateway.closed == []

    @pytest.mark.parametrize(
        ("frame", "reply"),
        [("6", "6"), ('{"action":"ping"}', "UNAVAILABLE"), (None, "UNAVAILABLE")],
    )
    def test_that_cannot_be_dispatched_have_a_reply(
        self,
        aws_lambda: Lambda,
        monkeypatch: pytest.MonkeyPatch,
        frame: str | None,
        reply: str,
    ) -> None:
        monkeypatch.setenv("ROOMCAST_COMMAND_BURST", "none")
        settings.cache_clear()
        answer = subscribe(frame_event(frame), aws_lambda.context)
        assert answer["statusCode"] == 200
        assert reply in answer["body"]

    def test_without_a_connection_id_have_a_reply(self, aws_lambda: Lambda) -> None:
        assert subscribe({"requestContext": {}, "body": "6"}, aws_lambda.context)["body"] == "6"


class TestSocketIo:
    def test_silence_is_a_noop_since_an_empty_frame_would_end_the_client(
        self, aws_lambda: Lambda
    ) -> None:
        aws_lambda.connect_socket_io("s1")
        for frame in ("3", "6", "41/ws,"):
            answer = subscribe(frame_event(frame, "s1"), aws_lambda.context)
            assert answer == {"statusCode": 200, "body": "6"}

    def test_a_duplicate_invocation_does_not_greet(self, aws_lambda: Lambda) -> None:
        aws_lambda.connect_socket_io("s1")
        for _ in range(2):
            open_connection({"connection_id": "s1"}, aws_lambda.context)
        assert len(aws_lambda.gateway.sent["s1"]) == 1

    def test_engine_io_is_greeted_with_the_open_packet(self, aws_lambda: Lambda) -> None:
        event = {
            "requestContext": {"connectionId": "s1", "eventType": "CONNECT"},
            "queryStringParameters": {"EIO": "4", "transport": "websocket"},
        }
        connect(event, aws_lambda.context)
        aws_lambda.gateway.open.add("s1")
        open_connection({"connection_id": "s1"}, aws_lambda.context)
        (frame,) = aws_lambda.gateway.sent["s1"]
        assert frame.startswith(b"0")
        opening = json.loads(frame[1:])
        assert (opening["pingInterval"], opening["pingTimeout"]) == (510_000, 7_200_000)
        assert opening["upgrades"] == []

    @pytest.mark.parametrize(
        "query", [{"EIO": "3", "transport": "websocket"}, {"EIO": "4", "transport": "polling"}]
    )
    def test_another_engine_io_is_refused(self, aws_lambda: Lambda, query: dict[str, str]) -> None:
        event = {
            "requestContext": {"connectionId": "s1", "eventType": "CONNECT"},
            "queryStringParameters": query,
        }
        assert connect(event, aws_lambda.context)["statusCode"] == 400


class TestMisrouted:
    @pytest.mark.parametrize(
        ("action", "handler"), [("$connect", connect), ("$disconnect", disconnect)]
    )
    def test_a_frame_that_names_a_route_changes_nothing(
        self, aws_lambda: Lambda, action: str, handler: Any
    ) -> None:
        aws_lambda.connect(token=aws_lambda.token())
        reply = aws_lambda.say({"action": action, "id": 1}, handler)
        assert (reply["code"], reply["id"]) == ("INVALID_MESSAGE", 1)
        assert aws_lambda.say({"action": "ping"}) == {"status": "pong"}

    @pytest.mark.parametrize("handler", [connect, disconnect])
    @pytest.mark.parametrize("depth", [500, 900, 990, 1000, 5000, 12000])
    def test_a_nested_id_has_a_reply(self, aws_lambda: Lambda, handler: Any, depth: int) -> None:
        frame = '{"action":"$connect","id":' + "[" * depth + "]" * depth + "}"
        answer = handler(frame_event(frame), aws_lambda.context)
        assert "INVALID_MESSAGE" in answer["body"]

    @pytest.mark.parametrize("handler", [connect, disconnect])
    def test_many_of_them_close_the_connection(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch, handler: Any
    ) -> None:
        monkeypatch.setenv("ROOMCAST_COMMANDS_PER_SECOND", "1")
        monkeypatch.setenv("ROOMCAST_COMMAND_BURST", "1")
        monkeypatch.setenv("ROOMCAST_MAX_REFUSED_COMMANDS", "1")
        settings.cache_clear()
        aws_lambda.connect()
        for number in range(12):
            assert aws_lambda.gateway.closed == [], number
            reply = aws_lambda.say({"action": "$connect"}, handler)
            assert reply["code"] == "INVALID_MESSAGE"
        assert aws_lambda.gateway.closed == ["c1"]
        assert b"RATE_LIMITED" in aws_lambda.gateway.sent["c1"][-1]


class TestDisconnect:
    def test_leaves_every_room(self, aws_lambda: Lambda, moto_dynamodb: Any) -> None:
        aws_lambda.connect(token=aws_lambda.token(projects="*"))
        aws_lambda.say({"action": "subscribe", "room": "project:p"})
        event = {"requestContext": {"connectionId": "c1", "eventType": "DISCONNECT"}}
        disconnect(event, aws_lambda.context)
        assert moto_dynamodb.scan(TableName="connections")["Items"] == []
        assert moto_dynamodb.scan(TableName="rooms")["Items"] == []

    @pytest.mark.parametrize("code", [{}, {"disconnectStatusCode": 1001}])
    def test_whatever_the_event_leaves_out(
        self, aws_lambda: Lambda, moto_dynamodb: Any, code: dict[str, int]
    ) -> None:
        bare = {"requestContext": {"connectionId": "c1"}}
        assert connect({**bare, "headers": None}, aws_lambda.context)["statusCode"] == 200
        assert len(moto_dynamodb.scan(TableName="connections")["Items"]) == 1
        event = {"requestContext": {"connectionId": "c1", **code}}
        assert disconnect(event, aws_lambda.context) == {"statusCode": 200}
        assert moto_dynamodb.scan(TableName="connections")["Items"] == []

    def test_says_whose_connection_it_was(
        self, aws_lambda: Lambda, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        aws_lambda.connect(token=aws_lambda.token(sub="ada"))
        disconnect({"requestContext": {"connectionId": "c1"}}, aws_lambda.context)
        (line,) = (vars(each) for each in caplog.records if each.message == "disconnected")
        assert (line["connection_id"], line["user_id"]) == ("c1", "ada")

    def test_of_a_websocket_before_its_upgrade_lets_its_client_stay_at_once(
        self, aws_lambda: Lambda
    ) -> None:
        store, now = PollingStore(settings()), int(time.time() * 1000)
        kept = Connection(polling_id("sid"), "socketio", State.PENDING, connected_at=now // 1000)
        store.begin(PollingSession(kept, began=now, due=now))
        query = {"EIO": "4", "transport": "websocket", "sid": "sid"}
        context = {"requestContext": {"connectionId": "c1"}}
        connect({**context, "queryStringParameters": query}, aws_lambda.context)
        assert store.claim_upgrade(kept.id, "c1", now=now, until=now + 60_000)
        disconnect(context, aws_lambda.context)
        session = store.get(kept.id)
        assert session is not None
        assert session.is_overdue(int(time.time() * 1000))

    def test_twice_or_for_a_stranger(self, aws_lambda: Lambda) -> None:
        event = {"requestContext": {"connectionId": "x", "eventType": "DISCONNECT"}}
        assert disconnect(event, aws_lambda.context) == {"statusCode": 200}


NO_IDS: tuple[Any, ...] = (None, 1, "", [], "\ud800", "x" * 1025)


class TestDeadline:
    def records(self, *connection_ids: str) -> dict[str, Any]:
        return {
            "Records": [
                {
                    "messageId": connection_id,
                    "eventSource": "aws:sqs",
                    "body": json.dumps({"connection_id": connection_id}),
                }
                for connection_id in connection_ids
            ]
        }

    def test_closes_who_has_no_token(self, aws_lambda: Lambda, moto_dynamodb: Any) -> None:
        aws_lambda.connect()
        assert deadline(self.records("c1"), aws_lambda.context) == {"batchItemFailures": []}
        (frame,) = aws_lambda.gateway.sent["c1"]
        error = json.loads(frame)
        assert error["type"] == "connection.error"
        assert error["data"]["error_code"] == "AUTH_MISSING"
        assert error["data"]["connection_id"] == "c1"
        assert aws_lambda.gateway.closed == ["c1"]
        assert moto_dynamodb.scan(TableName="connections")["Items"] == []

    def test_spares_who_has_authenticated_or_left(self, aws_lambda: Lambda) -> None:
        aws_lambda.connect()
        aws_lambda.say({"action": "authenticate", "token": aws_lambda.token()})
        deadline(self.records("c1", "gone"), aws_lambda.context)
        assert aws_lambda.gateway.closed == []

    def test_who_is_not_greeted_yet_is_checked_again(self, aws_lambda: Lambda) -> None:
        aws_lambda.connect_socket_io("c1")
        deadline(self.records("c1"), aws_lambda.context)
        assert aws_lambda.gateway.closed == []
        asked = "ApproximateNumberOfMessagesDelayed"
        queue = os.environ["ROOMCAST_DEADLINE_QUEUE_URL"]
        answer = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[asked])
        assert answer["Attributes"][asked] == "2"  # that of `connect`, and the second check

    @pytest.mark.parametrize(
        "body",
        ["", "{", "[]", "null", "{}", *(json.dumps({"connection_id": x}) for x in NO_IDS)],
    )
    def test_a_message_that_can_never_be_read_is_dropped_once_and_counted(
        self,
        aws_lambda: Lambda,
        capsys: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
        body: str,
    ) -> None:
        aws_lambda.connect()
        records = self.records("c1")
        records["Records"].insert(0, {**records["Records"][0], "messageId": "0", "body": body})
        capsys.readouterr()
        assert deadline(records, aws_lambda.context) == {"batchItemFailures": []}
        assert aws_lambda.gateway.closed == ["c1"]
        (error,) = [record for record in caplog.records if record.levelname == "ERROR"]
        assert (error.message, vars(error)["message_id"]) == ("not a connection to check", "0")
        metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [each["invalid_messages"] for each in metrics] == [[1.0]]

    def test_what_fails_goes_back_to_the_queue(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        aws_lambda.connect("c1")
        aws_lambda.connect("c2")
        closed = aws_lambda.gateway.close

        def close(connection_id: str) -> None:
            if connection_id == "c1":
                raise AwsError("execute-api", "DeleteConnection", "HTTP", status=500)
            closed(connection_id)

        monkeypatch.setattr(aws_lambda.gateway, "close", close)
        failures = deadline(self.records("c1", "c2"), aws_lambda.context)
        assert failures == {"batchItemFailures": [{"itemIdentifier": "c1"}]}
        assert aws_lambda.gateway.closed == ["c2"]


class TestBroadcast:
    def test_from_the_bus_to_a_member(self, aws_lambda: Lambda) -> None:
        aws_lambda.connect(token=aws_lambda.token(projects=["p"]))
        aws_lambda.say({"action": "subscribe", "room": "project:p"})
        aws_lambda.publish("project:p")
        (frame,) = aws_lambda.gateway.sent["c1"]
        assert json.loads(frame)["room"] == "project:p"

    def test_a_timestamp_of_another_shape_is_delivered_all_the_same(
        self, aws_lambda: Lambda
    ) -> None:
        aws_lambda.connect(token=aws_lambda.token(projects=["p"]))
        aws_lambda.say({"action": "subscribe", "room": "project:p"})
        aws_lambda.publish("project:p", timestamp="yesterday")
        assert len(aws_lambda.gateway.sent["c1"]) == 1

    def test_the_rest_of_a_large_room_comes_through_the_queue(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_PAGE_SIZE", "20")
        settings.cache_clear()
        for number in range(30):
            aws_lambda.connect(f"c{number}", token=aws_lambda.token(projects=["p"]))
            aws_lambda.say({"action": "subscribe", "room": "project:p"}, connection_id=f"c{number}")
        aws_lambda.publish("project:p")
        assert aws_lambda.gateway.posts == 20
        queue = boto3.client("sqs")
        (message,) = queue.receive_message(QueueUrl=settings().pages_queue_url)["Messages"]
        record = {"messageId": "m", "eventSource": "aws:sqs", "body": message["Body"]}
        answer = broadcast({"Records": [record]}, aws_lambda.context)
        assert answer == {"batchItemFailures": []}
        assert [len(aws_lambda.gateway.sent[f"c{number}"]) for number in range(30)] == [1] * 30

    @pytest.mark.parametrize(
        "change", [{"room": "x"}, {"room": 1}, {"shard": None}, {"only": [1]}, {"started": "now"}]
    )
    def test_work_that_can_never_be_done_is_dropped_once_and_counted(
        self,
        aws_lambda: Lambda,
        capsys: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
        change: dict[str, Any],
    ) -> None:
        aws_lambda.connect(token=aws_lambda.token(projects=["p"]))
        aws_lambda.say({"action": "subscribe", "room": "project:p"})
        capsys.readouterr()
        work = Work(Envelope("1", "t", "2026", "s", ("project:p",), {}), 1.5, 0, 0)
        bodies = [json.dumps({**json.loads(work.to_message()), **change}), work.to_message()]
        records = [
            {"messageId": str(number), "eventSource": "aws:sqs", "body": body}
            for number, body in enumerate(bodies)
        ]
        assert broadcast({"Records": records}, aws_lambda.context) == {"batchItemFailures": []}
        assert aws_lambda.gateway.posts == 1  # the other message of the batch is done
        metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [each["invalid_events"] for each in metrics if "invalid_events" in each] == [[1.0]]
        (field,) = change
        (error,) = [record for record in caplog.records if record.levelname == "ERROR"]
        assert vars(error)["message_id"] == "0"
        assert vars(error)["reason"].startswith(f"{field}: expected ")

    def test_what_is_no_envelope_is_dropped_and_not_retried(self, aws_lambda: Lambda) -> None:
        assert aws_lambda.publish("lobby") is None
        assert aws_lambda.publish("global", data=None) is None
        assert aws_lambda.gateway.posts == 0

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(("type", name) for name in (*RESERVED, *NO_NAMES)),
            *(("rooms", rooms) for rooms in NOT_ROOMS),
            *(("data", value) for value in ({"n": "\ud800"}, {"n": math.inf}, {"n": math.nan})),
            ("id", "x" * 1025),
            ("id", "\ud800"),
        ],
    )
    @pytest.mark.parametrize("way", ["bus", "queue"])
    def test_what_cannot_be_delivered_is_dropped_and_counted(
        self,
        aws_lambda: Lambda,
        capsys: pytest.CaptureFixture[str],
        field: str,
        value: Any,
        way: str,
    ) -> None:
        aws_lambda.connect(token=aws_lambda.token())
        capsys.readouterr()
        if way == "bus":
            assert aws_lambda.publish("global", **{field: value}) is None
        else:
            detail = {**Envelope("1", "t", "2026", "s", ("global",), {}).to_detail(), field: value}
            work = {"detail": detail, "started": 1, "room": 0, "shard": 0, "after": None}
            body = json.dumps({**work, "only": [], "attempt": 0})
            record = {"messageId": "m", "eventSource": "aws:sqs", "body": body}
            answer = broadcast({"Records": [record]}, aws_lambda.context)
            assert answer == {"batchItemFailures": []}
        assert aws_lambda.gateway.posts == 0
        metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [each["invalid_events"] for each in metrics if "invalid_events" in each] == [[1.0]]

    @pytest.mark.parametrize("text", ["\ufffe", "\uffff", "\x00", "\u2028", "😀"])
    def test_any_character_comes_through_the_queue(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch, text: str
    ) -> None:
        monkeypatch.setenv("ROOMCAST_PAGE_SIZE", "20")
        settings.cache_clear()
        for number in range(30):
            aws_lambda.connect(f"c{number}", token=aws_lambda.token(projects=["p"]))
            aws_lambda.say({"action": "subscribe", "room": "project:p"}, connection_id=f"c{number}")
        aws_lambda.publish("project:p", data={"title": text}, type=f"a{text}"[:1])
        queue = boto3.client("sqs")
        (message,) = queue.receive_message(QueueUrl=settings().pages_queue_url)["Messages"]
        record = {"messageId": "m", "eventSource": "aws:sqs", "body": message["Body"]}
        assert broadcast({"Records": [record]}, aws_lambda.context) == {"batchItemFailures": []}
        frames = [json.loads(aws_lambda.gateway.sent[f"c{number}"][0]) for number in range(30)]
        assert [frame["data"] for frame in frames] == [{"title": text}] * 30


class TestHeartbeat:
    def test_reaches_quiet_connections_and_ends_expired_ones(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        aws_lambda.connect(token=aws_lambda.token())
        aws_lambda.say({"action": "unsubscribe", "room": "global"})
        heartbeat({}, aws_lambda.context)
        assert aws_lambda.gateway.sent["c1"] == [b'{"action":"ping"}']
        monkeypatch.setattr(wired_heartbeat(), "_clock", lambda: time.time() + 600)
        aws_lambda.context.get_remaining_time_in_millis = lambda: 700_000
        heartbeat({}, aws_lambda.context)
        assert json.loads(aws_lambda.gateway.sent["c1"][-1])["data"]["error_code"] == "AUTH_FAILED"
        assert aws_lambda.gateway.closed == ["c1"]

    def test_forgets_who_is_gone(self, aws_lambda: Lambda, moto_dynamodb: Any) -> None:
        aws_lambda.connect(token=aws_lambda.token())
        aws_lambda.say({"action": "ping"})
        for item in moto_dynamodb.scan(TableName="rooms")["Items"]:
            item["joined_at"] = {"N": "1"}
            moto_dynamodb.put_item(TableName="rooms", Item=item)
        aws_lambda.gateway.open.clear()
        heartbeat({}, aws_lambda.context)
        assert moto_dynamodb.scan(TableName="rooms")["Items"] == []
        assert moto_dynamodb.scan(TableName="connections")["Items"] == []


class TestReconcile:
    def test_sets_the_counters_right_and_says_so(
        self,
        aws_lambda: Lambda,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(reconciliation(), "_sleep", lambda _: None)
        for name in ("c1", "c2"):
            aws_lambda.connect(name, token=aws_lambda.token())
            aws_lambda.say({"action": "subscribe", "room": "user:u1"}, connection_id=name)
        reconcile({}, aws_lambda.context)
        printed = capsys.readouterr().out.splitlines()
        (metric,) = [json.loads(line) for line in printed if "counters_adjusted" in line]
        (log,) = [vars(record) for record in caplog.records if record.msg == "reconciled"]
        assert metric["counters_adjusted"] == [4]
        assert log["adjusted"] == 4
        assert log["totals"] == {"connections": 2, "members:global": 2, "members:user": 2}
        store = CounterStore(settings())
        assert store.total(Counter(CONNECTIONS)) == 2
        assert store.parts("rooms:user") == {"user:u1": 2}

    def test_a_call_that_comes_twice_is_one(
        self,
        aws_lambda: Lambda,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(reconciliation(), "_sleep", lambda _: None)
        reconcile({}, aws_lambda.context)
        aws_lambda.connect(token=aws_lambda.token())
        reconcile({}, aws_lambda.context)
        assert "reconciled just before" in caplog.messages
        assert CounterStore(settings()).total(Counter(CONNECTIONS)) == 0


class TestFull:
    """`max_connections` believes the counter of `global`: not the rows, and nothing below zero."""

    @pytest.mark.parametrize(
        ("counted", "status_code"),
        [
            (1, 200),
            (2, 503),
            (0, 200),  # the counter is behind: some more come in
            (-3, 200),  # changes were counted twice: shown as zero
            (9, 503),  # departures were not counted: refused until the next reconciliation
        ],
    )
    def test_believes_the_counter(
        self,
        aws_lambda: Lambda,
        monkeypatch: pytest.MonkeyPatch,
        counted: int,
        status_code: int,
    ) -> None:
        monkeypatch.setenv("ROOMCAST_MAX_CONNECTIONS", "2")
        settings.cache_clear()
        CounterStore(settings()).add({members("global"): counted}, batch="b", at=0)
        assert aws_lambda.connect(token=aws_lambda.token())["statusCode"] == status_code

    def test_the_reconciliation_ends_a_wrong_refusal(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_MAX_CONNECTIONS", "2")
        settings.cache_clear()
        CounterStore(settings()).add({members("global"): 9}, batch="b", at=0)
        monkeypatch.setattr(reconciliation(), "_sleep", lambda _: None)
        assert aws_lambda.connect(token=aws_lambda.token())["statusCode"] == 503
        reconcile({}, aws_lambda.context)
        acceptor.cache_clear()  # it has been two seconds
        assert aws_lambda.connect(token=aws_lambda.token())["statusCode"] == 200

    def test_connections_without_a_token_take_no_place(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_MAX_CONNECTIONS", "2")
        settings.cache_clear()
        CounterStore(settings()).add({Counter(CONNECTIONS): 900}, batch="b", at=0)
        assert aws_lambda.connect(token=aws_lambda.token())["statusCode"] == 200
        assert aws_lambda.connect("c2")["statusCode"] == 200

    def test_the_counter_is_read_for_many_handshakes_together(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_MAX_CONNECTIONS", "2")
        settings.cache_clear()
        reads: list[str] = []
        sums = CounterStore.sums

        def read(self: CounterStore, name: str) -> dict[str, int]:
            reads.append(name)
            return sums(self, name)

        monkeypatch.setattr(CounterStore, "sums", read)
        for number in range(5):
            assert aws_lambda.connect(f"c{number}")["statusCode"] == 200
        assert reads == ["members:global"]


class TestUserLimit:
    """The stream tells `count` that a user has a new connection."""

    def test_closes_the_oldest(
        self,
        aws_lambda: Lambda,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("ROOMCAST_CONNECTIONS_PER_USER", "2")
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "Roomcast-count")
        settings.cache_clear()
        records = []
        for number in range(3):
            name = f"c{number}"
            aws_lambda.connect(name, token=aws_lambda.token())
            open_connection(json.loads(aws_lambda.opened[-1]["Payload"]), aws_lambda.context)
            keys = {"room": {"S": "user:u1#000"}, "connection_id": {"S": name}}
            records.append(
                {"eventName": "INSERT", "dynamodb": {"Keys": keys, "SequenceNumber": name}}
            )
        capsys.readouterr()
        count({"Records": records}, aws_lambda.context)
        assert aws_lambda.gateway.closed == ["c0"]
        metric = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert metric["connections_per_user_closed"] == [1.0]
        assert metric["service"] == "Roomcast-count"

    def test_a_failure_does_not_repeat_the_counting(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("ROOMCAST_ROOMS_TABLE", "missing")
        settings.cache_clear()
        keys = {"room": {"S": "user:u1#000"}, "connection_id": {"S": "c1"}}
        record = {"eventName": "INSERT", "dynamodb": {"Keys": keys, "SequenceNumber": "1"}}
        count({"Records": [record]}, aws_lambda.context)
        assert CounterStore(settings()).total(members("user")) == 1
        assert "the connections of users were not looked at" in caplog.messages


class TestFlooding:
    def test_is_counted(
        self,
        aws_lambda: Lambda,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("ROOMCAST_COMMANDS_PER_SECOND", "1")
        monkeypatch.setenv("ROOMCAST_COMMAND_BURST", "1")
        monkeypatch.setenv("ROOMCAST_MAX_REFUSED_COMMANDS", "1")
        settings.cache_clear()
        aws_lambda.connect()
        for _ in range(2):
            subscribe(frame_event("x"), aws_lambda.context)
        assert aws_lambda.gateway.closed == ["c1"]
        assert '"flooding_closed":[1.0]' in capsys.readouterr().out.replace(" ", "")


class TestStatus:
    def test_healthy_reads_the_tables_once_for_many(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert aws_lambda.get("/health")[0] == 200
        monkeypatch.setattr(CounterStore, "started_at", lambda *_, **__: 1 / 0)
        assert aws_lambda.get("/health")[0] == 200

    def test_healthy(self, aws_lambda: Lambda) -> None:
        assert aws_lambda.get("/health") == (200, {"status": "ok", "version": __version__})

    def test_healthy_without_a_body(self, aws_lambda: Lambda) -> None:
        answer = aws_lambda.request("HEAD", "/health")
        assert (answer["statusCode"], answer["body"]) == (200, "")

    def test_a_missing_store_is_503(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_ROOMS_TABLE", "missing")
        settings.cache_clear()
        assert aws_lambda.get("/health")[0] == 503
        assert aws_lambda.request("HEAD", "/health")["statusCode"] == 503

    @pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer x"}, {"authorization": "x"}])
    def test_statistics_without_a_token(self, aws_lambda: Lambda, headers: dict[str, str]) -> None:
        assert aws_lambda.get("/api/v1/websocket/stats", **headers)[0] == 401

    def test_statistics_are_for_admins(self, aws_lambda: Lambda) -> None:
        authorization = f"Bearer {aws_lambda.token(role='user')}"
        assert aws_lambda.get("/api/v1/websocket/stats", authorization=authorization)[0] == 403

    def test_the_state_of_a_room(self, aws_lambda: Lambda) -> None:
        mine = {"authorization": f"Bearer {aws_lambda.token(projects=['p1'])}"}
        url = "/api/v1/rooms/project:p1/state"
        assert aws_lambda.get(url, **mine) == (200, {"room": "project:p1", "state": []})
        envelope = Envelope(
            "e", "pr.created", "2026-01-01T00:00:00Z", "s", ("project:p1",), {"pr_id": "1"}
        )
        broadcast({"detail": envelope.to_detail()}, aws_lambda.context)
        assert aws_lambda.get(url, **mine)[1]["state"][0]["entity"] == "pr:1"
        assert aws_lambda.get(url, "after=pr:1", **mine)[1]["state"] == []
        assert aws_lambda.get(f"{url[:-6].replace(':', '%3A')}/state", **mine)[0] == 200

    @pytest.mark.parametrize(
        ("room", "query", "status"),
        [
            ("project:p2", "", 403),
            ("user:somebody", "", 403),
            ("lobby", "", 400),
            ("project:p1", f"after={'x' * 2000}", 400),
            ("project:p1", f"after={'é' * 600}", 400),
        ],
    )
    def test_the_state_of_no_other_room(
        self, aws_lambda: Lambda, room: str, query: str, status: int
    ) -> None:
        mine = {"authorization": f"Bearer {aws_lambda.token(projects=['p1'])}"}
        assert aws_lambda.get(f"/api/v1/rooms/{room}/state", query, **mine)[0] == status

    def test_no_state_without_a_token(self, aws_lambda: Lambda) -> None:
        assert aws_lambda.get("/api/v1/rooms/global/state")[0] == 401

    def test_no_state_where_none_is_kept(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_ROOM_STATE", "none")
        settings.cache_clear()
        mine = {"authorization": f"Bearer {aws_lambda.token()}"}
        assert aws_lambda.get("/api/v1/rooms/global/state", **mine)[0] == 404

    @pytest.mark.parametrize(
        ("room", "authorized", "status"),
        [
            ("project:p1", True, 200),
            ("project%3Ap1", True, 200),
            ("project:p1", False, 401),
            ("project:p2", True, 403),
            ("user:u1", True, 404),
            ("lobby", True, 400),
        ],
    )
    def test_the_members_of_a_room(
        self,
        aws_lambda: Lambda,
        monkeypatch: pytest.MonkeyPatch,
        room: str,
        authorized: bool,
        status: int,
    ) -> None:
        monkeypatch.setenv("ROOMCAST_PRESENCE_ROOMS", "project")
        settings.cache_clear()
        mine = {"authorization": f"Bearer {aws_lambda.token(projects=['p1'])}"}
        url = f"/api/v1/rooms/{room}/members"
        found, body = aws_lambda.get(url, **(mine if authorized else {}))
        assert found == status
        if status == 200:
            assert body == {"room": "project:p1", "users": [], "count": 0}

    def test_rooms_have_no_members_to_tell_unless_that_is_set(self, aws_lambda: Lambda) -> None:
        mine = {"authorization": f"Bearer {aws_lambda.token(projects=['p1'])}"}
        assert aws_lambda.get("/api/v1/rooms/project:p1/members", **mine)[0] == 404

    @pytest.mark.parametrize(
        ("query", "role", "status"),
        [
            ("event=e1&user=u1", "admin", 200),
            ("event=e1&user=u1", "", 403),
            ("event=e1&user=u1", None, 401),
            ("user=u1", "admin", 400),
            ("event=e1", "admin", 400),
            ("event=e1&user=a b", "admin", 400),
            (f"event={'e' * 1025}&user=u1", "admin", 400),
        ],
    )
    def test_what_became_of_an_event(
        self, aws_lambda: Lambda, query: str, role: str | None, status: int
    ) -> None:
        aws_lambda.connect(token=aws_lambda.token())
        aws_lambda.publish("project:p1")
        bearer = {"authorization": f"Bearer {aws_lambda.token(role=role)}"}
        found, body = aws_lambda.get("/api/v1/explain", query, **({} if role is None else bearer))
        assert found == status
        if status == 200:
            assert (body["event"]["id"], body["event"]["known"]) == ("e1", True)
            assert body["rooms"][0]["room"] == "project:p1"

    def test_state_members_and_statistics_are_those_of_the_tokens_tenant(
        self, aws_lambda: Lambda, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_JWT_TENANT_CLAIM", "org")
        monkeypatch.setenv("ROOMCAST_PRESENCE_ROOMS", "project")
        settings.cache_clear()
        for tenant in ("acme", ""):
            envelope = Envelope(
                "e", "pr.created", "2026-01-01T00:00:00Z", "s", ("project:p1",), {"pr_id": tenant}
            ).of(tenant)
            broadcast({"detail": envelope.to_detail()}, aws_lambda.context)
        claims: dict[str, Any]
        for claims, expected in (({"org": "acme"}, ["acme"]), ({}, []), ({"org": "beta"}, [])):
            token = aws_lambda.token(role="admin", **claims)
            mine = {"authorization": f"Bearer {token}"}
            url = "/api/v1/rooms/project:p1"
            _, body = aws_lambda.get(f"{url}/state", **mine)
            assert body["room"] == "project:p1"
            assert [each["data"]["pr_id"] for each in body["state"] if each["data"]["pr_id"]] == (
                expected
            )
            assert aws_lambda.get(f"{url}/members", **mine)[1] == {
                "room": "project:p1", "users": [], "count": 0
            }  # fmt: skip
            _, body = aws_lambda.get("/api/v1/websocket/stats", **mine)
            assert body["events_emitted"] == (1 if expected else 0 if claims else 2)
            assert aws_lambda.get("/api/v1/rooms/acme!project:p1/state", **mine)[0] == 400
        refused = {"authorization": f"Bearer {aws_lambda.token(role='admin', org='')}"}
        assert aws_lambda.get("/api/v1/websocket/stats", **refused)[0] == 401

    def test_statistics_add_up_what_the_streams_counted(self, aws_lambda: Lambda) -> None:
        def record(sequence: int, **keys: str) -> dict[str, Any]:
            attributes = {key: {"S": value} for key, value in keys.items()}
            dynamodb = {"Keys": attributes, "SequenceNumber": str(sequence)}
            return {"eventName": "INSERT", "dynamodb": dynamodb}

        batch = {
            "Records": [
                record(1, connection_id="a"),
                record(2, connection_id="b"),
                record(3, connection_id="a", room="global#001"),
                record(4, connection_id="a", room="project:p#000"),
            ]
        }
        count(batch, aws_lambda.context)
        aws_lambda.publish("global")
        authorization = f"Bearer {aws_lambda.token(role='admin')}"
        code, body = aws_lambda.get("/api/v1/websocket/stats", authorization=authorization)
        assert code == 200
        assert body.pop("uptime_seconds") >= 0
        assert body == {
            "connections": 2,
            "rooms": {"global": 1, "project:*": 1, "user:*": 0, "agent:*": 0},
            "events_emitted": 1,
            "events": [
                {"type": "project.updated", "events": 1, "deliveries": 0, "bytes": 0,
                 "dollars": 0.000007},
            ],
            "deliveries": {"sent": 0, "gone": 0, "throttled": 0, "too_large": 0, "failed": 0},
            "cost": {"dollars": 0.000007, "prices_of": costs.PRICES_OF, "advice": []},
        }  # fmt: skip
        _, body = aws_lambda.get(
            "/api/v1/websocket/stats", "detail=rooms", authorization=authorization
        )
        assert body["detail"] == {"project:p": 1}


class TestUnavailable:
    """What Lambda and API Gateway count as success is counted by the functions themselves."""

    def counted(self, capsys: pytest.CaptureFixture[str]) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {}
        for line in capsys.readouterr().out.splitlines():
            values = json.loads(line) if "_aws" in line else {}
            for name in set(unavailable.METRICS) & set(values):
                found.setdefault(name, []).extend(values[name])
        return found

    def test_what_is_answered_or_refused_is_not_counted(
        self, aws_lambda: Lambda, capsys: pytest.CaptureFixture[str]
    ) -> None:
        aws_lambda.connect(token="bad")
        aws_lambda.connect(token=aws_lambda.token())
        aws_lambda.say({"action": "nonsense"})
        aws_lambda.get("/health")
        assert self.counted(capsys) == {}

    def test_a_handshake(
        self,
        aws_lambda: Lambda,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("ROOMCAST_CONNECTIONS_TABLE", "missing")
        settings.cache_clear()
        assert aws_lambda.connect(token=aws_lambda.token())["statusCode"] == 503
        assert self.counted(capsys) == {"handshakes_unavailable": [1.0]}

    def test_a_handshake_of_a_full_service(
        self,
        aws_lambda: Lambda,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        full = HandshakeRefused(503, "the service is full: try again later")
        refusing = SimpleNamespace(accept=Mock(side_effect=full))
        monkeypatch.setattr("functions.connect.handler.acceptor", lambda: refusing)
        assert aws_lambda.connect()["statusCode"] == 503
        assert self.counted(capsys) == {"handshakes_unavailable": [1.0]}

    def test_a_frame(
        self,
        aws_lambda: Lambda,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("ROOMCAST_CONNECTIONS_TABLE", "missing")
        settings.cache_clear()
        event = {"requestContext": {"connectionId": "c1"}, "body": '{"action": "ping"}'}
        assert "UNAVAILABLE" in subscribe(event, aws_lambda.context)["body"]
        assert self.counted(capsys) == {"frames_unavailable": [1.0]}

    def test_a_frame_that_cannot_even_be_passed_on(
        self, aws_lambda: Lambda, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert "UNAVAILABLE" in subscribe({"body": "{}"}, aws_lambda.context)["body"]
        assert self.counted(capsys) == {"frames_unavailable": [1.0]}

    def test_health(
        self,
        aws_lambda: Lambda,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("ROOMCAST_ROOMS_TABLE", "missing")
        settings.cache_clear()
        assert aws_lambda.get("/health")[0] == 503
        assert self.counted(capsys) == {"health_unavailable": [1.0]}


class TestAccess:
    def order(self, **changes: Any) -> dict[str, Any]:
        """Return an order as the bus gives it to the function."""
        order = Order.make(REMOVE, "user-1", "project:p", reason="has left", source="admin")
        detail = {**json.loads(order.entry()["Detail"]), "id": "o1"}
        time = "2026-01-01T00:00:00Z"
        return {"id": "b1", "time": time, "detail-type": REMOVE, "detail": detail, **changes}

    def test_writes_a_line_of_the_audit(
        self, aws_lambda: Lambda, caplog: pytest.LogCaptureFixture
    ) -> None:
        access(self.order(), aws_lambda.context)
        (line,) = [vars(each) for each in caplog.records if each.msg == "access"]
        assert {
            "order_id": "o1",
            "type": "access.remove",
            "asked_by": "admin",
            "user_id": "user-1",
            "room": "project:p",
            "reason": "has left",
            "ordered_at": 1767225600,
            "found": 0,
            "ended": 0,
            "failed": 0,
        }.items() <= line.items()

    def test_a_revocation_names_its_moment(
        self,
        aws_lambda: Lambda,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(access_wiring.evictor(), "_sleep", lambda _seconds: None)
        order = Order.make(REVOKE, "user-1", issued_before=1_700_000_000)
        access(self.order(detail=json.loads(order.entry()["Detail"])), aws_lambda.context)
        (line,) = [vars(each) for each in caplog.records if each.msg == "access"]
        assert (line["type"], line["issued_before"]) == ("access.revoke", "1700000000")
        kept = EndedAccessStore(settings()).get("user-1", now=1767225600)
        assert kept.issued_before == 1_700_000_000

    @pytest.mark.parametrize(
        "changes", [{"detail": {}}, {"detail": None}, {"time": "x"}, {"time": None}]
    )
    def test_what_is_no_order_is_dropped(
        self, aws_lambda: Lambda, caplog: pytest.LogCaptureFixture, changes: dict[str, Any]
    ) -> None:
        access(self.order(**changes), aws_lambda.context)
        (line,) = [vars(each) for each in caplog.records if each.msg == "not an order"]
        assert line["bus_event_id"] == "b1"
