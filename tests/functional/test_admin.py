"""The routes for admins as Lambda calls them, against moto's tables, bus and queues."""

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.exceptions import ClientError

from functions.admin import letters, wiring
from functions.admin.handler import LARGEST_BODY, handler
from roomcast.access import DISCONNECT, REMOVE, REVOKE
from roomcast.dead_letters import DeadLetters
from roomcast.put_results import PutResult
from roomcast.registry import Registry
from tests.fakes.documented import check_answer
from tests.functional.test_handlers import CACHES, SECRET, Lambda

EVENTS = "/api/v1/admin/events"
ACCESS = "/api/v1/admin/access"
LINKS = "/api/v1/admin/links"
LETTERS = "/api/v1/admin/dead-letters"
REDRIVE = f"{LETTERS}/redrive"
ROUTES = [
    ("POST", EVENTS),
    ("POST", ACCESS),
    ("GET", LINKS),
    ("PUT", LINKS),
    ("DELETE", LINKS),
    ("GET", LETTERS),
    ("POST", REDRIVE),
]
DELETED = {"type": "project.deleted", "data": {"project_id": "atlas", "deleted_by": "ada"}}
DEAD = {"detail-type": "pr.created", "detail": {"id": "e1", "type": "pr.created", "data": {}}}


class Bus:
    """Stands for EventBridge; entries that it refuses are not kept."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.refuses = False

    def put(self, entries: list[Any]) -> list[Any]:
        if self.refuses:
            return [PutResult("Down") for _ in entries]
        self.entries += entries
        return [PutResult() for _ in entries]

    @property
    def details(self) -> list[dict[str, Any]]:
        return [json.loads(entry["Detail"]) for entry in self.entries]


class Stand:
    """The function `admin`, and what it reaches."""

    def __init__(self, urls: dict[str, str]) -> None:
        self.lambda_ = Lambda()
        self.bus = Bus()
        self.urls = urls
        self.called: list[tuple[str, Any]] = []
        self.sqs = boto3.client("sqs")
        self.registry = Registry("registry", client=boto3.client("dynamodb"))

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803
        assert InvocationType == "Event"
        self.called.append((FunctionName, json.loads(Payload)))

    def admin(self, **claims: Any) -> str:
        return self.lambda_.token(**{"role": "admin", **claims})

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        is_base64: bool = False,
    ) -> tuple[int, dict[str, Any]]:
        query = body if method == "DELETE" and isinstance(body, dict) else {}
        event = {
            "version": "2.0",
            "routeKey": f"{method} {path}",
            "rawPath": path,
            "rawQueryString": urlencode(query),
            "queryStringParameters": query,
            "headers": {"authorization": f"Bearer {self.admin() if token is None else token}"},
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": is_base64,
            "requestContext": {
                "http": {"method": method, "path": path},
                "stage": "$default",
                "requestId": "r",
            },
        }
        answer = handler(event, self.lambda_.context)
        found: dict[str, Any] = json.loads(answer["body"])
        check_answer(method, path, answer["statusCode"], found)
        return answer["statusCode"], found

    def put_letter(self, queue: str, body: Any) -> None:
        self.sqs.send_message(QueueUrl=self.urls[queue], MessageBody=json.dumps(body))


@pytest.fixture
def stand(moto_dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    secret = boto3.client("secretsmanager").create_secret(Name="jwt", SecretString=SECRET)
    sqs = boto3.client("sqs")
    urls = {
        name: sqs.create_queue(QueueName=f"dead-{name}")["QueueUrl"]
        for name in ("open", "broadcast", "count")
    }
    for name in ("connections", "registry"):
        monkeypatch.setenv(f"ROOMCAST_{name.upper()}_TABLE", name)
    monkeypatch.setenv("ROOMCAST_JWT_SECRET_ARN", secret["ARN"])
    monkeypatch.setenv("ROOMCAST_JWT_TENANT_CLAIM", "tenant")
    monkeypatch.setenv("ROOMCAST_DEAD_LETTERS", json.dumps(urls))
    monkeypatch.setenv("ROOMCAST_ACCESS_FUNCTION", "access")
    monkeypatch.setenv("ROOMCAST_BROADCAST_FUNCTION", "broadcast")
    for cached in CACHES:
        cached.cache_clear()
    stand = Stand(urls)
    monkeypatch.setattr(wiring, "_bus", lambda: stand.bus)
    dead = DeadLetters(
        urls,
        sqs=sqs,
        functions=lambda: stand,
        function_of={"access": "access", "broadcast": "broadcast"}.__getitem__,
    )
    monkeypatch.setattr(letters, "dead_letters", lambda: dead)
    yield stand
    for cached in CACHES:
        cached.cache_clear()


@pytest.mark.parametrize(("method", "path"), ROUTES)
class TestWho:
    def test_nobody_without_a_token(self, stand: Stand, method: str, path: str) -> None:
        assert stand.ask(method, path, token="")[0] == 401

    def test_nobody_with_another_role(self, stand: Stand, method: str, path: str) -> None:
        assert stand.ask(method, path, token=stand.lambda_.token())[0] == 403

    def test_nobody_with_a_token_that_has_ended(self, stand: Stand, method: str, path: str) -> None:
        assert stand.ask(method, path, token=stand.admin(exp=int(time.time()) - 60))[0] == 401


@pytest.mark.parametrize(
    ("method", "path"), [each for each in ROUTES if each[0] in ("POST", "PUT")]
)
class TestBody:
    @pytest.mark.parametrize("body", [None, "", "{", "[]", "null", "7", '"x"', "{}"])
    def test_what_is_no_request_is_refused(
        self, stand: Stand, method: str, path: str, body: Any
    ) -> None:
        code, answer = stand.ask(method, path, body)
        assert (code, stand.bus.entries) == (400, [])
        assert answer["message"]

    def test_an_unknown_field_is_named(self, stand: Stand, method: str, path: str) -> None:
        code, answer = stand.ask(method, path, {"rooom": "project:atlas"})
        assert code == 400
        assert "rooom" in answer["message"]

    def test_what_is_no_text_is_refused(self, stand: Stand, method: str, path: str) -> None:
        body = b64encode(b"\xff\xfe").decode()
        assert stand.ask(method, path, body, is_base64=True)[0] == 400


class TestEvents:
    def test_is_published_with_the_id_of_the_answer(self, stand: Stand) -> None:
        code, answer = stand.ask("POST", EVENTS, DELETED)
        (detail,) = stand.bus.details
        assert code == 202
        assert (detail["id"], detail["type"]) == (answer["id"], "project.deleted")
        assert detail["rooms"] == ["project:atlas", "user:ada"]
        assert detail.get("tenant") is None

    def test_goes_to_the_rooms_of_the_admins_tenant(self, stand: Stand) -> None:
        assert stand.ask("POST", EVENTS, DELETED, token=stand.admin(tenant="acme"))[0] == 202
        assert stand.bus.details[0]["tenant"] == "acme"

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"type": "nothing.known"}, "nothing.known"),
            ({"type": "connection.established"}, "connection.established"),
            ({"data": {"project_id": "atlas"}}, "deleted_by"),
            ({"data": {**DELETED["data"], "more": 1}}, "more"),  # type: ignore[dict-item]
            ({"data": {**DELETED["data"], "project_id": "a b"}}, "project_id"),  # type: ignore[dict-item]
            ({"data": []}, "data"),
            ({"type": 7}, "type"),
        ],
    )
    def test_a_bad_one_is_refused_by_the_name_of_the_field(
        self, stand: Stand, changes: dict[str, Any], told: str
    ) -> None:
        code, answer = stand.ask("POST", EVENTS, {**DELETED, **changes})
        assert (code, stand.bus.entries) == (400, [])
        assert told in answer["message"]

    def test_one_that_is_too_large(self, stand: Stand) -> None:
        data = {
            "agent_id": "a",
            "agent_name": "x",
            "metadata": {"pad": "x" * (LARGEST_BODY - 1000)},
        }
        assert stand.ask("POST", EVENTS, {"type": "agent.connected", "data": data})[0] == 413
        assert stand.ask("POST", EVENTS, "x" * (LARGEST_BODY + 1))[0] == 413

    def test_one_that_the_bus_refuses(self, stand: Stand) -> None:
        stand.bus.refuses = True
        code, answer = stand.ask("POST", EVENTS, DELETED)
        assert code == 503
        assert "send it again" in answer["message"]


class TestAccess:
    def test_each_order(self, stand: Stand) -> None:
        for order, more in (
            ("disconnect", {}),
            ("remove", {"room": "project:atlas"}),
            ("revoke", {"issued_before": "2026-01-01T00:00:00Z"}),
        ):
            code, answer = stand.ask("POST", ACCESS, {"order": order, "user": "ada", **more})
            assert (code, answer["status"]) == (202, "ordered")
        disconnect, remove, revoke = stand.bus.details
        assert [each["type"] for each in stand.bus.details] == [DISCONNECT, REMOVE, REVOKE]
        assert (disconnect["user_id"], remove["room"]) == ("ada", "project:atlas")
        assert revoke["issued_before"] == 1767225600
        assert {each["source"] for each in stand.bus.details} == {wiring.SOURCE}

    def test_is_about_the_admins_tenant(self, stand: Stand) -> None:
        body = {"order": "disconnect", "user": "ada", "reason": "left"}
        assert stand.ask("POST", ACCESS, body, token=stand.admin(tenant="acme"))[0] == 202
        (order,) = stand.bus.details
        assert (order["tenant"], order["reason"]) == ("acme", "left")

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"order": "kill"}, "order"),
            ({"user": "a b"}, "user_id"),
            ({"order": "remove"}, "room"),
            ({"order": "remove", "room": "global"}, "global"),
            ({"reason": "x" * 257}, "reason"),
            ({"issued_before": "2026-01-01T00:00:00Z"}, "issued_before"),
            ({"order": "revoke", "issued_before": "yesterday"}, "issued_before"),
            ({"order": "revoke", "issued_before": "2026-01-01T00:00:00"}, "issued_before"),
            ({"order": "revoke", "issued_before": "2999-01-01T00:00:00Z"}, "issued_before"),
        ],
    )
    def test_a_bad_one_is_refused(self, stand: Stand, changes: dict[str, Any], told: str) -> None:
        body = {"order": "disconnect", "user": "ada", **changes}
        code, answer = stand.ask("POST", ACCESS, body)
        assert (code, stand.bus.entries) == (400, [])
        assert told in answer["message"]

    def test_one_that_the_bus_refuses(self, stand: Stand) -> None:
        stand.bus.refuses = True
        assert stand.ask("POST", ACCESS, {"order": "disconnect", "user": "ada"})[0] == 503


class TestLinks:
    def test_are_made_listed_and_deleted(self, stand: Stand) -> None:
        made = stand.ask("PUT", LINKS, {"repository": "Octo/Hello", "project": "atlas"})
        assert made == (200, {"repository": "Octo/Hello", "project_id": "atlas"})
        assert stand.ask("PUT", LINKS, {"login": "octocat", "user": "ada"})[0] == 200
        _, listed = stand.ask("GET", LINKS)
        assert listed == {
            "repositories": [{"repository": "Octo/Hello", "project_id": "atlas"}],
            "users": [{"login": "octocat", "user_id": "ada"}],
        }
        assert stand.ask("DELETE", LINKS, {"repository": "octo/hello"})[0] == 200
        assert stand.ask("DELETE", LINKS, {"login": "OctoCat"})[0] == 200
        assert stand.ask("GET", LINKS)[1] == {"repositories": [], "users": []}
        assert stand.ask("DELETE", LINKS, {"login": "octocat"})[0] == 404

    def test_a_bad_name_is_refused(self, stand: Stand) -> None:
        assert stand.ask("PUT", LINKS, {"repository": "hello", "project": "atlas"})[0] == 400
        assert stand.ask("PUT", LINKS, {"repository": "o/h", "login": "x"})[0] == 400

    @pytest.mark.parametrize(
        "query", [{}, {"repository": "o/h", "login": "x"}, {"repository": "h"}]
    )
    def test_what_names_no_link_is_refused(self, stand: Stand, query: dict[str, str]) -> None:
        assert stand.ask("DELETE", LINKS, query)[0] == 400

    def test_those_of_others_are_neither_seen_nor_changed(self, stand: Stand) -> None:
        stand.registry.link_repository("acme/site", "atlas", 7, tenant="acme")
        stand.registry.link_repository("octo/hello", "atlas")
        beta, acme = stand.admin(tenant="beta"), stand.admin(tenant="acme")
        assert stand.ask("GET", LINKS, token=beta)[1] == {"repositories": [], "users": []}
        for name in ("ACME/site", "octo/hello"):
            body = {"repository": name}
            taken = {**body, "project": "mine"}
            assert stand.ask("PUT", LINKS, taken, token=beta)[0] == 403
            assert stand.ask("DELETE", LINKS, body, token=beta)[0] == 403
        assert stand.ask("DELETE", LINKS, {"repository": "acme/site"})[0] == 403
        assert stand.ask("PUT", LINKS, {"login": "x", "user": "ada"}, token=beta)[0] == 403
        assert len(list(stand.registry.links())) == 2
        mine = {"repository": "acme/site", "project_id": "atlas", "repository_id": 7}
        (listed,) = stand.ask("GET", LINKS, token=acme)[1]["repositories"]
        assert listed == {**mine, "tenant": "acme"}
        assert stand.ask("DELETE", LINKS, {"repository": "acme/site"}, token=acme)[0] == 200

    def test_a_table_that_does_not_answer(
        self, stand: Stand, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(_self: Registry) -> None:
            raise ClientError({"Error": {"Code": "InternalServerError"}}, "Scan")

        monkeypatch.setattr(Registry, "links", fails)
        assert stand.ask("GET", LINKS) == (503, {"status": "unavailable"})


class TestDeadLetters:
    def test_are_counted_and_shown_and_stay(self, stand: Stand) -> None:
        stand.put_letter("broadcast", DEAD)
        stand.put_letter("open", {"connection_id": "c1", "pad": "secret"})
        for _ in range(2):
            _, listed = stand.ask("GET", LETTERS)
            found = {each["name"]: each for each in listed["queues"]}
            assert {name: each["messages"] for name, each in found.items()} == {
                **{"broadcast": 1, "open": 1, "count": 0}
            }
        assert {each["name"] for each in found.values() if not each["can_redrive"]} == {"count"}
        assert found["broadcast"]["samples"][0]["about"] == "event e1 (pr.created)"
        assert found["open"]["samples"][0]["about"] == "connection c1"
        assert "secret" not in json.dumps(listed)

    def test_are_tried_again(self, stand: Stand) -> None:
        stand.put_letter("broadcast", DEAD)
        code, answer = stand.ask("POST", REDRIVE, {"queue": "broadcast"})
        assert (code, answer["tried_again"], answer["is_complete"]) == (202, 1, True)
        assert stand.called == [("broadcast", DEAD)]
        assert stand.ask("POST", REDRIVE, {"queue": "broadcast"})[1]["tried_again"] == 0

    def test_what_there_is_no_time_for_is_left(
        self, stand: Stand, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(letters, "LONGEST", 0.0)
        stand.put_letter("broadcast", DEAD)
        _, answer = stand.ask("POST", REDRIVE, {"queue": "broadcast"})
        assert (answer["tried_again"], answer["is_complete"]) == (0, False)
        monkeypatch.undo()
        monkeypatch.setattr(letters, "dead_letters", lambda: self._dead(stand))
        assert len(list(self._dead(stand).letters("broadcast"))) == 1

    def _dead(self, stand: Stand) -> DeadLetters:
        return DeadLetters(
            stand.urls, sqs=stand.sqs, functions=lambda: stand, function_of=lambda name: name
        )

    def test_what_was_tried_before_a_failure_is_logged(
        self, stand: Stand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fails(**_call: object) -> None:
            raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke")

        stand.put_letter("broadcast", DEAD)
        monkeypatch.setattr(stand, "invoke", fails)
        with caplog.at_level("INFO"):
            assert stand.ask("POST", REDRIVE, {"queue": "broadcast"})[0] == 503
        (said,) = (vars(each) for each in caplog.records if "tried_again" in vars(each))
        assert (said["queue"], said["tried_again"]) == ("broadcast", 0)

    @pytest.mark.parametrize(("queue", "told"), [("count", "batch"), ("other", "broadcast")])
    def test_a_queue_that_cannot_be(self, stand: Stand, queue: str, told: str) -> None:
        code, answer = stand.ask("POST", REDRIVE, {"queue": queue})
        assert code == 400
        assert told in answer["message"]

    def test_are_not_for_admins_of_a_tenant(self, stand: Stand) -> None:
        acme = stand.admin(tenant="acme")
        assert stand.ask("GET", LETTERS, token=acme)[0] == 403
        assert stand.ask("POST", REDRIVE, {"queue": "broadcast"}, token=acme)[0] == 403


def test_what_was_changed_is_logged_with_who(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        stand.ask("POST", EVENTS, DELETED, token=stand.admin(sub="eva"))
    (said,) = (vars(each) for each in caplog.records if "admin" in vars(each))
    assert (said["admin"], said["route"]) == ("eva", f"POST {EVENTS}")
    assert said["done"]["type"] == "project.deleted"
    assert "deleted_by" not in json.dumps(said["done"])
