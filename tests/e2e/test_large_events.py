"""An event of half a megabyte, through the deployed service, to the page that fetches its data."""

import hashlib
import json
import urllib.request

import pytest

from roomcast import EventBroadcaster
from roomcast.events import ProjectUpdated
from tests.e2e.client import connected

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
