"""`subscribe` with `types`, by real clients: JSON, socket.io-client over WebSocket and polling."""

from uuid import uuid4

import pytest

from roomcast import EventBroadcaster
from tests.e2e.client import connected
from tests.e2e.program import program
from tests.e2e.test_client import Endpoints, token
from tests.e2e.test_socketio import options


class TestChosenTypes:
    @pytest.mark.parametrize("transport", ["websocket", "polling"])
    async def test_only_what_was_chosen_comes(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster, transport: str
    ) -> None:
        project = str(uuid4())
        room = f"project:{project}"
        mine = token(endpoints, projects=[project])
        opening = options(auth={"token": mine}, transports=[transport])
        async with (
            connected(endpoints["websocket_url"], mine) as plain,
            program("client.mjs", endpoints["socketio_url"], opening) as browser,
        ):
            await browser.hear("event", name="connection_established")
            types = ["pr.*", "project.deleted"]
            joined = await plain.ask("subscribe", room=room, types=types)
            browser.tell(emit=["subscribe", {"room": room, "types": types}])
            assert await browser.hear("ack") == joined == {"status": "success", "room": room}
            await broadcaster.broadcast_workflow_progress("w", "running", 10, "a", 3, project)
            await broadcaster.broadcast_pr_updated("p", project, "Title", "open")
            await plain.event("pr.updated")
            await broadcaster.broadcast_project_deleted(project, "someone")
            await plain.event("project.deleted")
            assert await plain.silence() == []
            came = [(await browser.hear("event"))["name"] for _ in types]
            assert sorted(came) == ["pr.updated", "project.deleted"]
            browser.tell(emit=["subscribe", {"room": room, "types": ["*.bad"]}])
            assert (await browser.hear("ack"))["code"] == "INVALID_MESSAGE"
            browser.tell(emit=["subscribe", {"room": room}])
            await browser.hear("ack", status="success")
            await broadcaster.broadcast_workflow_progress("w", "running", 20, "b", 3, project)
            event = (await browser.hear("event"))["args"][0]
            assert (event["type"], event["data"]["progress"]) == ("workflow.progress", 20)
