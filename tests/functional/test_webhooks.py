"""The webhook function, from GitHub's request to what is on the bus."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest

from functions.webhooks import wiring
from roomcast.envelope import MAX_ENTRY_BYTES, encode
from roomcast_backend.settings import settings
from tests.fakes.github import SECRET, example, request, signature
from tests.fakes.webhook_function import REPOSITORY, Webhooks

REAL_PUBLISHER = wiring._publisher


class TestAccepted:
    @pytest.mark.parametrize("in_base64", [False, True])
    def test_a_pull_request(self, linked: Webhooks, *, in_base64: bool) -> None:
        payload = example("pull_request", "opened")
        status, body = linked.post(request("pull_request", payload, in_base64=in_base64))
        [envelope] = linked.bus.heard()
        assert (status, body) == (202, {"status": "accepted", "id": envelope.id})
        assert (envelope.type, envelope.source) == ("pr.created", "github_service")
        assert envelope.rooms == ("project:123",)
        assert envelope.data["title"] == "Update the README with new information."

    def test_through_boto3s_own_client(
        self, linked: Webhooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        REAL_PUBLISHER.cache_clear()
        monkeypatch.setattr(wiring, "_publisher", REAL_PUBLISHER)
        linked.post(request("pull_request", example("pull_request", "closed")))
        assert [envelope.type for envelope in linked.bus.heard()] == ["pr.closed"]
        REAL_PUBLISHER.cache_clear()

    def test_a_workflow_run_comes_from_github(self, linked: Webhooks) -> None:
        linked.registry.link_repository("octo-org/octo-repo", "7")
        linked.post(request("workflow_run", example("workflow_run", "requested")))
        [envelope] = linked.bus.heard()
        assert (envelope.type, envelope.source) == ("workflow.started", "github_service")
        assert envelope.rooms == ("project:7",)

    def test_an_issue_goes_to_every_linked_assignee(self, linked: Webhooks) -> None:
        linked.registry.link_user("Mona", "42")
        linked.registry.link_user("zoe", "43")
        payload = example("issues", "assigned")
        payload["issue"]["assignees"] = [{"login": "stranger"}, {"login": "mona"}, {"login": "zoe"}]
        linked.post(request("issues", payload))
        [envelope] = linked.bus.heard()
        assert envelope.rooms == ("project:123", "user:42", "user:43")
        assert envelope.data["assigned_to"] == "42"
        assert "also" not in envelope.data

    def test_two_logins_of_one_user(self, linked: Webhooks) -> None:
        linked.registry.link_user("mona", "42")
        linked.registry.link_user("mona_acme", "42")
        payload = example("issues", "assigned")
        payload["issue"]["assignees"] = [{"login": "mona"}, {"login": "Mona_ACME"}]
        linked.post(request("issues", payload))
        [envelope] = linked.bus.heard()
        assert envelope.rooms == ("project:123", "user:42")

    def test_who_is_removed_hears_it_too(self, linked: Webhooks) -> None:
        linked.registry.link_user("mona", "42")
        linked.registry.link_user("zoe", "43")
        payload = example("issues", "unassigned")
        payload["assignee"] = {"login": "Mona"}
        payload["issue"] |= {"assignees": [{"login": "zoe"}], "assignee": {"login": "zoe"}}
        linked.post(request("issues", payload))
        [envelope] = linked.bus.heard()
        assert envelope.rooms == ("project:123", "user:43", "user:42")
        assert envelope.data["assigned_to"] == "43"

    def test_the_last_one_who_is_removed(self, linked: Webhooks) -> None:
        linked.registry.link_user("mona", "42")
        payload = example("issues", "unassigned")
        payload["assignee"] = {"login": "mona"}
        payload["issue"] |= {"assignees": [], "assignee": None}
        linked.post(request("issues", payload))
        [envelope] = linked.bus.heard()
        assert envelope.rooms == ("project:123", "user:42")
        assert envelope.data["assigned_to"] is None

    def test_an_issue_of_strangers(self, linked: Webhooks) -> None:
        linked.post(request("issues", example("issues", "opened")))
        [envelope] = linked.bus.heard()
        assert envelope.rooms == ("project:123",)
        assert envelope.data["assigned_to"] is None

    def test_the_repository_in_another_spelling(self, linked: Webhooks) -> None:
        payload = example("pull_request", "opened")
        payload["repository"]["full_name"] = "CODERTOCAT/hello-world"
        assert linked.post(request("pull_request", payload))[0] == 202

    @pytest.mark.parametrize("character", ["x", "😀", '"'])
    def test_a_huge_description_is_cut(self, linked: Webhooks, character: str) -> None:
        payload = example("pull_request", "opened")
        payload["pull_request"]["body"] = character * 300_000
        body = json.dumps(payload, ensure_ascii=False).encode()
        assert linked.post(request("pull_request", body=body))[0] == 202
        [envelope] = linked.bus.heard()
        size = len(encode(envelope.to_detail()).encode())
        assert MAX_ENTRY_BYTES * 0.99 < size <= MAX_ENTRY_BYTES
        assert envelope.data["description"].endswith(character + "…")

    def test_githubs_form(self, linked: Webhooks) -> None:
        payload = json.dumps(example("pull_request", "opened"))
        event = request(
            "pull_request",
            body=f"payload={payload}".replace("+", "%2B").replace("&", "%26").encode(),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert linked.post(event)[0] == 202


class TestNothingToDo:
    def test_ping(self, webhooks: Webhooks) -> None:
        status, body = webhooks.post(request("ping", {"zen": "Keep it logically awesome."}))
        assert (status, body["status"]) == (200, "ignored")

    def test_a_kind_without_events(self, linked: Webhooks) -> None:
        assert linked.post(request("star", {"action": "created"}))[0] == 200
        assert linked.bus.heard() == []

    def test_an_action_without_event(self, linked: Webhooks) -> None:
        payload = example("workflow_run", "requested") | {"action": "paused"}
        payload["repository"]["full_name"] = REPOSITORY
        assert linked.post(request("workflow_run", payload))[0] == 200

    def test_an_unregistered_repository_is_logged_and_counted(
        self,
        webhooks: Webhooks,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        event = request("pull_request", example("pull_request", "opened"))
        assert webhooks.post(event)[0] == 200
        [record] = [each for each in caplog.records if each.message == "webhook answered"]
        assert record.__dict__["repository"] == REPOSITORY
        [metrics] = [line for line in capsys.readouterr().out.splitlines() if "_aws" in line]
        assert json.loads(metrics)["webhooks_unregistered"] == [1.0]
        assert webhooks.bus.heard() == []

    def test_it_can_be_sent_again_once_the_repository_is_registered(
        self, webhooks: Webhooks
    ) -> None:
        event = request("pull_request", example("pull_request", "opened"))
        assert webhooks.post(event)[0] == 200
        webhooks.registry.link_repository(REPOSITORY, "123")
        assert webhooks.post(event)[0] == 202
        assert len(webhooks.bus.heard()) == 1


class TestRefused:
    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            "sha256=" + "0" * 64,
            signature(b"another body"),
            signature(b"{}", "another secret"),
            f"{signature(b'{}')},{signature(b'{}')}",
            f"{signature(b'{}')},sha256={'0' * 64}",
        ],
    )
    def test_a_signature_that_is_not_ours(self, linked: Webhooks, header: str | None) -> None:
        event = request("ping", body=b"{}", headers={"x-hub-signature-256": header})
        status, body = linked.post(event)
        assert (status, body["status"]) == (401, "error")
        assert SECRET not in str(body)

    def test_sha1_does_not_count(self, linked: Webhooks) -> None:
        headers = {"x-hub-signature-256": None, "x-hub-signature": "sha1=" + "0" * 40}
        assert linked.post(request("ping", body=b"{}", headers=headers))[0] == 401

    def test_nothing_is_parsed_stored_or_looked_up_before(self, linked: Webhooks) -> None:
        linked.break_down("*")
        event = request("pull_request", body=b"\xc3{ no json", in_base64=True)
        event["headers"]["x-hub-signature-256"] = "sha256=" + "0" * 64
        for number in range(3):
            event["headers"]["x-github-delivery"] = f"hostile-{number}"
            assert linked.post(event)[0] == 401
        assert linked.remembered() == 0

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
    def test_no_json_object(self, linked: Webhooks, body: bytes) -> None:
        assert linked.post(request("ping", body=body, in_base64=True))[0] == 400

    @pytest.mark.parametrize("name", ["x-github-event", "x-github-delivery"])
    def test_a_header_is_missing(self, linked: Webhooks, name: str) -> None:
        event = request("pull_request", example("pull_request", "opened"), headers={name: None})
        status, body = linked.post(event)
        assert status == 400
        assert name in body["message"].lower()

    def test_a_payload_that_github_would_not_send(self, linked: Webhooks) -> None:
        payload = example("pull_request", "opened")
        del payload["pull_request"]["url"]
        status, body = linked.post(request("pull_request", payload))
        assert status == 400
        assert "pull_request.url" in body["message"]
        assert "README" not in str(body)

    def test_too_large(self, linked: Webhooks) -> None:
        body = b'{"zen": "' + b"x" * 26_000_000 + b'"}'
        status, answer = linked.post(request("ping", body=body))
        assert status == 413
        assert "2000000" in answer["message"]

    def test_the_limit_is_a_setting(
        self, linked: Webhooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_MAX_WEBHOOK_BYTES", "2")
        settings.cache_clear()
        assert linked.post(request("ping", body=b"{}"))[0] == 200
        assert linked.post(request("ping", body=b"{ }"))[0] == 413

    def test_an_event_that_fits_in_no_message(
        self, linked: Webhooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_MAX_EVENT_BYTES", "600")
        event = request("pull_request", example("pull_request", "opened"))
        assert linked.post(event)[0] == 413
        assert linked.remembered() == 0

    def test_broken_base64(self, linked: Webhooks) -> None:
        assert linked.post(request("ping", body=b"{}") | {"isBase64Encoded": True})[0] == 400


class TestSentAgain:
    EVENT = request("pull_request", example("pull_request", "opened"))

    def test_a_redelivery_publishes_nothing(self, linked: Webhooks) -> None:
        first = linked.post(self.EVENT)
        second = linked.post(self.EVENT)
        assert (first[0], first[1]["status"]) == (202, "accepted")
        assert (second[0], second[1]["status"]) == (202, "duplicate")
        assert first[1]["id"] == second[1]["id"]
        assert len(linked.bus.heard()) == 1

    def test_it_is_remembered_for_four_days(self, linked: Webhooks) -> None:
        linked.post(self.EVENT)
        [item] = linked.dynamodb.scan(TableName="idempotency")["Items"]
        assert item["id"]["S"].startswith("github#")
        kept = int(item["expiration"]["N"]) - int(time.time())
        assert abs(kept - 4 * 86_400) < 60

    def test_another_delivery_of_the_same_body_is_another_event(self, linked: Webhooks) -> None:
        payload = example("pull_request", "opened")
        linked.post(request("pull_request", payload, delivery="one"))
        linked.post(request("pull_request", payload, delivery="two"))
        assert len(linked.bus.heard()) == 2

    def test_two_at_the_same_time(self, linked: Webhooks) -> None:
        linked.bus.busy.clear()
        with ThreadPoolExecutor(2) as pool:
            answers = [pool.submit(linked.post, self.EVENT) for _ in range(2)]
            threading.Timer(0.3, linked.bus.busy.set).start()
            replies = [answer.result() for answer in answers]
        assert {status for status, _ in replies} == {202}
        assert sorted(body["status"] for _, body in replies) == ["accepted", "duplicate"]
        assert len(linked.bus.heard()) == 1

    def test_the_second_publishes_when_the_first_fails(self, linked: Webhooks) -> None:
        linked.bus.fails = True
        status, body = linked.post(self.EVENT)
        assert (status, body["status"]) == (503, "error")
        assert linked.remembered() == 0
        linked.bus.fails = False
        assert linked.post(self.EVENT)[0] == 202
        assert len(linked.bus.heard()) == 1


class TestStoresDown:
    EVENT = request("pull_request", example("pull_request", "opened"))

    @pytest.mark.parametrize(
        ("operation", "table"),
        [("GetItem", "registry"), ("PutItem", "idempotency")],
    )
    def test_nothing_is_published(self, linked: Webhooks, operation: str, table: str) -> None:
        linked.break_down(operation, table)
        status, body = linked.post(self.EVENT)
        assert (status, body["status"]) == (503, "error")
        assert linked.bus.heard() == []

    def test_published_but_not_remembered_is_accepted(self, linked: Webhooks) -> None:
        linked.break_down("UpdateItem", "idempotency")
        assert linked.post(self.EVENT)[0] == 202
        assert len(linked.bus.heard()) == 1

    def test_neither_published_nor_forgotten(self, linked: Webhooks) -> None:
        linked.bus.fails = True
        linked.break_down("DeleteItem", "idempotency")
        assert linked.post(self.EVENT)[0] == 503

    def test_no_secret(self, linked: Webhooks) -> None:
        boto3.client("secretsmanager").delete_secret(
            SecretId="github", ForceDeleteWithoutRecovery=True
        )
        assert linked.post(self.EVENT)[0] == 503
        assert linked.bus.heard() == []

    def test_a_table_that_is_not_there_is_logged(
        self, linked: Webhooks, caplog: pytest.LogCaptureFixture
    ) -> None:
        linked.dynamodb.delete_table(TableName="idempotency")
        assert linked.post(self.EVENT)[0] == 503
        fault = caplog.records[-1].__dict__["fault"]
        assert fault == "DeliveryNotClaimed from ResourceNotFoundException"
