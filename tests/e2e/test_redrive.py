"""`roomcast redrive` with dead letters as Lambda, EventBridge and SQS write them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from roomcast.envelope import new_id
from tests.e2e.client import connected
from tests.e2e.test_client import Endpoints, token


class Letters:
    """The queues of dead letters of the running service."""

    def __init__(self, endpoints: Endpoints, file: Path) -> None:
        file.write_text(json.dumps(endpoints))
        self._file = file
        self._queues: Any = json.loads(file.read_text())["dead_letters"]
        self._sqs = boto3.client(
            "sqs",
            endpoint_url=endpoints["aws_endpoint_url"],
            region_name=endpoints["region"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def put(self, queue: str, body: dict[str, Any]) -> None:
        self._sqs.send_message(QueueUrl=self._queues[queue], MessageBody=json.dumps(body))

    def redrive(self, queue: str) -> dict[str, Any]:
        """Run the command; return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "roomcast", "redrive", queue, "--yes", "--json"],
            env={**os.environ, "ROOMCAST_ENDPOINTS": str(self._file)},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        printed: dict[str, Any] = json.loads(done.stdout)
        return printed


@pytest.fixture
def letters(endpoints: Endpoints, tmp_path: Path) -> Letters:
    return Letters(endpoints, tmp_path / "endpoints.json")


async def test_an_event_arrives_after_all(endpoints: Endpoints, letters: Letters) -> None:
    """One letter is of the rule that could not call `broadcast`, one of a call that failed."""
    project = f"p-{uuid4()}"
    url = endpoints["websocket_url"]
    events = [event_letter(project, by) for by in ("rule", "call")]
    async with connected(url, token(endpoints, projects=[project])) as client:
        await client.ask("subscribe", room=f"project:{project}")
        letters.put("broadcast", events[0])
        letters.put("broadcast", _failed(endpoints["broadcast_function"], events[1]))
        assert letters.redrive("broadcast")["tried_again"] >= len(events)
        for event in events:
            arrived = await client.event("project.deleted", **event["detail"]["data"])
            assert arrived["id"] == event["detail"]["id"]


def test_a_message_goes_back_to_its_work_queue(letters: Letters) -> None:
    letters.put("deadline", {"connection_id": "gone="})
    assert letters.redrive("deadline")["tried_again"] >= 1


def event_letter(project: str, by: str) -> dict[str, Any]:
    detail = {
        "id": new_id(),
        "type": "project.deleted",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "source": "test",
        "rooms": [f"project:{project}"],
        "data": {"project_id": project, "deleted_by": by},
    }
    return {"id": str(uuid4()), "detail-type": "project.deleted", "source": "t", "detail": detail}


def _failed(function: str, event: dict[str, Any]) -> dict[str, Any]:
    """Return what Lambda writes to a destination about a call that has failed.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    return {
        "version": "1.0",
        "requestContext": {"functionArn": function, "condition": "RetriesExhausted"},
        "requestPayload": event,
        "responseContext": {"functionError": "Unhandled"},
    }
