"""An event of half a megabyte, through the deployed service, to the page that fetches its data."""

import asyncio
import hashlib
import json
import urllib.request
from typing import Any
from uuid import uuid4

import boto3
import pytest

from roomcast import EventBroadcaster
from roomcast.envelope import Envelope, encode, new_id, timestamp
from roomcast.events import ProjectUpdated
from roomcast.references import DataReference
from tests.e2e.client import connected
from tests.e2e.test_client import token

SIZE = 250_000


@pytest.mark.parametrize("origin", [None, "https://app.example.com"])
async def test_arrives_with_a_link_that_has_the_data(
    endpoints: dict[str, str], broadcaster: EventBroadcaster, origin: str | None
) -> None:
    project = endpoints["demo_project_id"]
    async with connected(endpoints["websocket_url"], endpoints["demo_token"]) as client:
        await client.ask("subscribe", room=f"project:{project}")
        sent = ProjectUpdated(
            project_id=project,
            project_name="Atlas",
            repository_url="",
            status="active",
            updated_by="ada",
            changes={"text": "ü" * SIZE},
        )
        assert await broadcaster.publish(sent)
        event = await client.event("project.updated")
    reference = event["data_ref"]
    assert event["data"] == {}
    headers = {"Origin": origin} if origin else {}
    assert reference["url"].startswith(endpoints["aws_endpoint_url"])
    request = urllib.request.Request(reference["url"], headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        data = answer.read()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (reference["size"], reference["sha256"])
    assert json.loads(data)["changes"] == sent.changes


async def test_of_data_that_is_not_there_the_rest_arrives_and_the_state_can_be_read(
    endpoints: dict[str, str], broadcaster: EventBroadcaster
) -> None:
    project = str(uuid4())
    room, access = f"project:{project}", token(endpoints, projects=[project])
    event = Envelope(new_id(), "workflow.progress", timestamp(), "elsewhere", (room,), {})
    lost = event.by_reference(DataReference(200_000, "0" * 64))
    async with connected(endpoints["websocket_url"], access) as client:
        await client.ask("subscribe", room=room)
        entry: Any = {
            "Source": lost.source,
            "DetailType": lost.type,
            "Detail": encode(lost.to_detail()),
            "EventBusName": endpoints["event_bus_name"],
        }
        await asyncio.to_thread(boto3.client("events").put_events, Entries=[entry])
        came = await client.event("workflow.progress")
        assert await broadcaster.broadcast_workflow_progress("w", "running", 1, "Test", 4, project)
        await client.event("workflow.progress", workflow_id="w")
        state = await client.ask("subscribe", room=room, state=True)
    assert (came["id"], came["data"]) == (lost.id, {})
    assert state["status"] == "success"
    assert [each["entity"] for each in state["state"]] == ["workflow:w"]
