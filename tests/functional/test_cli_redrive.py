"""Dead letters against SQS in moto: what is shown, what is tried again, and what stays."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from roomcast.cli import main
from roomcast.cli.deployment import Deployment

EVENT = {
    "id": "bus-1",
    "detail-type": "project.updated",
    "detail": {"id": "e1", "type": "project.updated", "data": {"secret": "payload"}},
}
OPEN = "arn:aws:lambda:us-east-1:123456789012:function:open"
CALL = {
    "requestContext": {
        "functionArn": OPEN,
        "condition": "RetriesExhausted",
    },
    "requestPayload": {"connection_id": "c1="},
}


class Functions:
    """Stands for Lambda's client."""

    def __init__(self) -> None:
        self.called: list[tuple[str, Any]] = []
        self.fails = False

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803
        assert InvocationType == "Event"
        if self.fails:
            raise ConnectionError("Lambda cannot be reached")
        self.called.append((FunctionName, json.loads(Payload)))


class Stand:
    """A deployment with queues in moto."""

    def __init__(self, folder: Path) -> None:
        self.sqs = boto3.client("sqs")
        self.functions = Functions()
        self.urls = {
            name: self.sqs.create_queue(QueueName=f"dead-{name}")["QueueUrl"]
            for name in ("open", "broadcast", "pages", "count")
        }
        arn = self.sqs.get_queue_attributes(
            QueueUrl=self.urls["pages"], AttributeNames=["QueueArn"]
        )
        policy = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": 5}
        self.work = self.sqs.create_queue(
            QueueName="pages", Attributes={"RedrivePolicy": json.dumps(policy)}
        )["QueueUrl"]

    def put(self, name: str, body: Any, **attributes: str) -> None:
        self.sqs.send_message(
            QueueUrl=self.urls[name],
            MessageBody=body if isinstance(body, str) else json.dumps(body),
            MessageAttributes={
                key: {"DataType": "String", "StringValue": value}
                for key, value in attributes.items()
            },
        )

    def bodies(self, url: str) -> list[str]:
        response = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [message["Body"] for message in response.get("Messages", [])]


@pytest.fixture
def stand(moto_dynamodb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    stand = Stand(tmp_path)
    deployment = Deployment(
        name="stack Roomcast",
        dead_letters=stand.urls,
        broadcast_function="broadcast",
        access_function="access",
    )
    command = import_module("roomcast.cli.redrive")
    monkeypatch.setattr(command, "answering", lambda _stack: deployment)
    monkeypatch.setattr(
        Deployment,
        "client",
        lambda _self, service, **_more: stand.functions if service == "lambda" else stand.sqs,
    )
    return stand


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["redrive", *arguments])


class TestList:
    def test_names_each_queue_with_its_count(self, stand: Stand) -> None:
        stand.put("open", CALL)
        result = run("--json")
        found = [json.loads(line) for line in result.stdout.splitlines()]
        assert {each["queue"]: each["letters"] for each in found} == {
            "open": 1,
            "broadcast": 0,
            "pages": 0,
            "count": 0,
        }


class TestPeek:
    def test_shows_ids_and_reasons_and_no_payload(self, stand: Stand) -> None:
        stand.put("broadcast", EVENT, ERROR_CODE="THROTTLING")
        stand.put("open", CALL)
        shown = run("broadcast", "--peek", "5").stdout + run("open", "--peek", "5").stdout
        assert "event e1 (project.updated)" in shown
        assert "THROTTLING" in shown
        assert "connection c1=" in shown
        assert "RetriesExhausted" in shown
        assert "payload" not in shown

    def test_leaves_everything(self, stand: Stand) -> None:
        stand.put("open", CALL)
        run("open", "--peek", "5")
        assert len(stand.bodies(stand.urls["open"])) == 1
        assert stand.functions.called == []


class TestRetry:
    def test_a_call_is_made_again(self, stand: Stand) -> None:
        stand.put("open", CALL)
        result = run("open", "--yes")
        assert result.exit_code == 0, result.output
        assert stand.functions.called == [(OPEN, {"connection_id": "c1="})]
        assert stand.bodies(stand.urls["open"]) == []

    def test_an_event_of_the_bus_goes_to_broadcast(self, stand: Stand) -> None:
        stand.put("broadcast", EVENT, ERROR_CODE="THROTTLING")
        run("broadcast", "--yes")
        assert stand.functions.called == [("broadcast", EVENT)]

    def test_an_order_that_ends_access_goes_to_its_function(self, stand: Stand) -> None:
        order = {**EVENT, "detail-type": "access.disconnect", "time": "2026-01-01T00:00:00Z"}
        stand.put("broadcast", order, ERROR_CODE="THROTTLING")
        run("broadcast", "--yes")
        assert stand.functions.called == [("access", order)]

    def test_a_page_goes_back_to_its_queue(self, stand: Stand) -> None:
        for number in range(12):
            stand.put("pages", {"detail": {"id": f"e{number}"}})
        result = run("pages", "--yes", "--json")
        assert json.loads(result.stdout)["tried_again"] == 12
        assert stand.bodies(stand.urls["pages"]) == []
        assert len(stand.bodies(stand.work)) > 0

    def test_asks_before(self, stand: Stand) -> None:
        stand.put("open", CALL)
        assert run("open").exit_code == 1  # no answer
        assert stand.functions.called == []

    def test_asks_about_what_is_there(self, stand: Stand) -> None:
        assert "open seems to have no letters" in run("open").stderr
        stand.put("open", CALL)
        assert "Try 1 letter of open again?" in run("open").stderr
        stand.put("open", CALL)
        assert "Try about 2 letters of open again?" in run("open").stderr

    def test_what_cannot_be_handed_over_stays(self, stand: Stand) -> None:
        stand.put("open", CALL)
        stand.functions.fails = True
        assert run("open", "--yes").exit_code == 1
        attributes = stand.sqs.get_queue_attributes(
            QueueUrl=stand.urls["open"], AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
        )
        assert attributes["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "1"

    def test_a_batch_of_a_stream_cannot_be_tried_again(self, stand: Stand) -> None:
        result = run("count", "--yes")
        assert result.exit_code == 1
        assert "reconcile" in result.stderr

    def test_an_unknown_queue(self, stand: Stand) -> None:
        result = run("nothing")
        assert result.exit_code == 2
        assert "broadcast, count, open, pages" in result.stderr
