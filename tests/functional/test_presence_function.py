"""The function `presence` as Lambda calls it: a batch of the stream, and messages of its queue."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from functions.presence import handler as module
from functions.presence.handler import handler
from roomcast_backend.presence.arrivals import Followed
from roomcast_backend.runtime import presence
from roomcast_backend.settings import Settings

CONTEXT: Any = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=128,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:f",
    aws_request_id="r",
    get_remaining_time_in_millis=lambda: 30_000,
)
CHECK = {"room": "project:p1", "user_ids": ["ada"], "batch": "b"}


class Parts:
    """What the function calls."""

    def __init__(self) -> None:
        self.followed: list[Any] = []
        self.checked: list[tuple[str, list[str], str]] = []
        self.fails = ""

    def follow(self, records: list[Any]) -> Followed:
        self.followed += records
        return Followed(joined=2, events=1, checked=3)

    def check(self, room: str, user_ids: list[str], batch: str) -> int:
        if batch == self.fails:
            raise RuntimeError(batch)
        self.checked.append((room, user_ids, batch))
        return 1


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    found = Parts()
    monkeypatch.setattr(module, "arrivals", lambda: found)
    monkeypatch.setattr(module, "departures", lambda: found)
    yield found
    module.metrics.clear_metrics()


def message(number: int, body: str) -> dict[str, Any]:
    return {"messageId": str(number), "eventSource": "aws:sqs", "body": body}


def test_with_tenants_the_function_chooses_the_rooms(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = Settings(presence_rooms="project", jwt_tenant_claim="tenant")
    monkeypatch.setattr(presence, "settings", lambda: chosen)
    rooms = ("acme!project:p1#000", "acme!user:project#000", "project:p1#000", "acme!global#003")
    records = [
        {"eventSource": "aws:dynamodb", "dynamodb": {"Keys": {"room": {"S": room}}}}
        for room in rooms
    ]
    assert handler({"Records": records}, CONTEXT) is None
    assert parts.followed == [records[0], records[2]]


def test_a_batch_of_the_stream_is_followed(
    parts: Parts, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {"eventSource": "aws:dynamodb", "dynamodb": {}}
    assert handler({"Records": [record]}, CONTEXT) is None
    assert parts.followed == [record]
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["presence_joined"] for line in printed if "_aws" in line] == [[2.0]]


def test_a_check_that_fails_goes_back_alone(parts: Parts) -> None:
    parts.fails = "bad"
    records = [message(1, json.dumps({**CHECK, "batch": "bad"})), message(2, json.dumps(CHECK))]
    answer = handler({"Records": records}, CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert parts.checked == [("project:p1", ["ada"], "b")]


def test_what_can_never_be_read_is_dropped_and_counted(
    parts: Parts, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [message(1, "{"), message(2, json.dumps(CHECK))]
    assert handler({"Records": records}, CONTEXT) == {"batchItemFailures": []}
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (metrics,) = [line for line in printed if "_aws" in line]
    assert (metrics["invalid_messages"], metrics["presence_left"]) == ([1.0], [1.0])
