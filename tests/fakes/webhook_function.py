"""The webhook function with everything around it: tables, a bus that can fail, a secret."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from functions.webhooks import wiring
from functions.webhooks.handler import handler
from roomcast.bus import EventBus
from roomcast.envelope import Envelope
from roomcast.publisher import Publisher
from roomcast.registry import Registry
from roomcast_backend.aws import clients
from roomcast_backend.settings import settings
from tests.fakes.documented import check_answer
from tests.fakes.github import SECRET, request
from tests.fakes.tables import KEYS

REPOSITORY = "Codertocat/Hello-World"
CONTEXT = SimpleNamespace(
    function_name="roomcast-webhooks",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:roomcast-webhooks",
    aws_request_id="r",
    get_remaining_time_in_millis=lambda: 10_000,
)


class Bus:
    """EventBridge with a queue behind it, and a switch that makes it fail."""

    def __init__(self) -> None:
        self._events = boto3.client("events")
        self._sqs = boto3.client("sqs")
        self._queue = self._sqs.create_queue(QueueName="heard")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        self._events.create_event_bus(Name="bus")
        self._events.put_rule(
            Name="all", EventBusName="bus", EventPattern='{"account": ["123456789012"]}'
        )
        self._events.put_targets(
            Rule="all",
            EventBusName="bus",
            Targets=[{"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}],
        )
        self.fails = False
        self.busy = threading.Event()
        self.busy.set()

    def put_events(self, **entries: Any) -> Any:
        self.busy.wait(5)
        if self.fails:
            return {"Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "no"}]}
        return self._events.put_events(**entries)

    def heard(self) -> list[Envelope]:
        """Return what has come since the last look."""
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        details = [json.loads(each["Body"])["detail"] for each in answer.get("Messages", [])]
        return [Envelope.from_detail(detail) for detail in details]


class Webhooks:
    """The function with everything around it."""

    def __init__(self, dynamodb: Any) -> None:
        self.bus = Bus()
        self.dynamodb = dynamodb
        self.registry = Registry("registry", client=dynamodb)

    def post(self, event: dict[str, Any]) -> tuple[int, dict[str, str]]:
        answer = handler(event, CONTEXT)
        assert answer["headers"] == {"content-type": "application/json"}
        status, body = answer["statusCode"], json.loads(answer["body"])
        check_answer("POST", "/webhooks/github", status, body)
        return status, body

    def deliver(self, kind: str, payload: dict[str, Any], delivery: str) -> str:
        """Post a delivery with an id of its own; return the status in the answer's body."""
        status, body = self.post(request(kind, payload, delivery=delivery))
        assert status in {200, 202}, body
        return str(body["status"])

    def remembered(self) -> int:
        return int(self.dynamodb.scan(TableName="idempotency")["Count"])

    def calls(self, table: str) -> list[str]:
        """Return a list of what the function calls on a table from now on."""
        names: list[str] = []

        def note(params: dict[str, Any], model: Any, **_: object) -> None:
            if table in {params.get("TableName"), *params.get("RequestItems", {})}:
                names.append(model.name)

        wiring._dynamodb().meta.events.register("provide-client-params.dynamodb", note)
        return names

    def break_down(self, operation: str, table: str | None = None) -> None:
        """Let an operation of DynamoDB fail from now on, on one table or on all."""

        def fail(params: dict[str, Any], **_: object) -> None:
            if table is None or params["TableName"] == table:
                raise EndpointConnectionError(endpoint_url="https://dynamodb")

        wiring._dynamodb().meta.events.register(f"provide-client-params.dynamodb.{operation}", fail)


@contextmanager
def running(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhooks]:
    """Let the function use these tables and a bus of its own."""
    secret = boto3.client("secretsmanager").create_secret(Name="github", SecretString=SECRET)
    for name in KEYS:
        monkeypatch.setenv(f"ROOMCAST_{name.upper()}_TABLE", name)
    monkeypatch.setenv("ROOMCAST_EVENT_BUS", "bus")
    monkeypatch.setenv("ROOMCAST_GITHUB_SECRET_ARN", secret["ARN"])
    caches = (settings, clients.secret_cache, wiring._dynamodb, wiring._records, wiring._bus)
    for cached in caches:
        cached.cache_clear()
    found = Webhooks(dynamodb)
    publisher = Publisher(EventBus("bus", client=found.bus, sleep=lambda _: None))  # type: ignore[arg-type]
    monkeypatch.setattr(wiring, "_publisher", lambda: publisher)
    yield found
    for cached in caches:
        cached.cache_clear()
