"""The state of rooms, by real clients: JSON, socket.io-client, python-socketio and HTTP."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
import socketio

from roomcast import EventBroadcaster
from tests.e2e.client import PATIENCE, connected
from tests.e2e.program import program
from tests.e2e.test_client import Endpoints, token
from tests.e2e.test_socketio import options
from tests.e2e.test_socketio_python import SESSION


async def until(ask: Callable[[], Awaitable[Any]], fits: Callable[[Any], bool]) -> Any:
    """Ask until an answer fits; return it."""
    end = time.monotonic() + PATIENCE
    while not fits(answer := await ask()):
        assert time.monotonic() < end, answer
        await asyncio.sleep(0.1)
    return answer


async def tell(broadcaster: EventBroadcaster, project: str) -> None:
    """Publish what a page of this project shows: two pull requests and a workflow."""
    for pr_id in ("1", "2"):
        await broadcaster.broadcast_pr_created(
            pr_id, project, "First", "About it", "ada", "main", "https://github.com/a/b", "open"
        )
    await broadcaster.broadcast_pr_updated("2", project, "Second", "draft")
    await broadcaster.broadcast_workflow_progress("w", "running", 50, "Test", 4, project)


def entities(state: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {event["entity"]: event for event in state}


class TestState:
    async def test_a_page_is_right_at_once(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        project = str(uuid4())
        room = f"project:{project}"
        mine = token(endpoints, projects=[project])
        await tell(broadcaster, project)
        async with (
            connected(endpoints["websocket_url"], mine) as plain,
            program(
                "client.mjs", endpoints["socketio_url"], options(auth={"token": mine})
            ) as browser,
        ):
            joined = await until(
                lambda: plain.ask("subscribe", room=room, state=True),
                lambda reply: entities(reply["state"]).keys() == {"pr:1", "pr:2", "workflow:w"},
            )
            await browser.hear("event", name="connection_established")
            browser.tell(emit=["subscribe", {"room": room, "state": True}])
            in_ack = await browser.hear("ack")
            page = await plain.ask("state", room=room)
            browser.tell(emit=["subscribe", {"room": room, "state": "replay"}])
            came = [(await browser.hear("event"))["args"][0] for _ in range(3)]
            replayed = await browser.hear("ack")
        second = entities(joined["state"])["pr:2"]
        assert second["type"] == "pr.updated"
        assert second["data"]["title"] == "Second"
        assert second["data"]["author"] == "ada"  # told by the first event alone
        assert "next" not in joined
        assert in_ack == joined
        assert page["state"] == joined["state"]
        assert {**entities(came)["pr:2"], "replayed": True} == {**second, "replayed": True}
        assert all(event["replayed"] for event in came)
        assert replayed == {"status": "success", "room": room, "entities": 3}

    @pytest.mark.parametrize("how", ["query", "authenticate"])
    async def test_automatic_rooms_over_json(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster, how: str
    ) -> None:
        agent = str(uuid4())
        await broadcaster.broadcast_agent_status_changed(agent, "Builder", "busy", 10)
        mine = token(endpoints)
        url = f"{endpoints['websocket_url']}?state=true"
        async with connected(endpoints["websocket_url"], mine) as plain:
            await until(
                lambda: plain.ask("subscribe", room=f"agent:{agent}", state=True),
                lambda reply: bool(reply["state"]),
            )
        query = f"{url}&token={mine}" if how == "query" else url
        async with connected(query) as plain:
            if how == "authenticate":
                await plain.ask("authenticate", token=mine)
            event = await plain.event("agent.status_changed", agent_id=agent)
        assert (event["room"], event["replayed"]) == ("global", True)
        assert event["entity"] == f"agent:{agent}"

    async def test_automatic_rooms_over_socketio(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        agent = str(uuid4())
        await broadcaster.broadcast_agent_status_changed(agent, "Builder", "busy", 10)
        heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        client = socketio.AsyncClient()
        client.on("agent.status_changed", heard.put, namespace="/ws")
        auth = {"token": token(endpoints), "state": True}
        await client.connect(endpoints["site_url"], auth=auth, **SESSION)
        try:
            async with asyncio.timeout(PATIENCE):
                while (event := await heard.get())["data"]["agent_id"] != agent:
                    pass
        finally:
            await client.disconnect()
        assert (event["room"], event["data"]["status"]) == ("global", "busy")

    async def test_over_http(self, endpoints: Endpoints, broadcaster: EventBroadcaster) -> None:
        project = str(uuid4())
        await tell(broadcaster, project)
        mine = {"Authorization": f"Bearer {token(endpoints, projects=[project])}"}
        other = {"Authorization": f"Bearer {token(endpoints, projects=['other'])}"}
        async with httpx.AsyncClient(base_url=endpoints["site_url"]) as http:
            url = f"/api/v1/rooms/project:{project}/state"
            answer = await until(
                lambda: http.get(url, headers=mine),
                lambda answer: len(answer.json()["state"]) == 3,
            )
            refused = {
                (await http.get(url)).status_code,
                (await http.get(url, headers=other)).status_code,
                (await http.get("/api/v1/rooms/lobby/state", headers=mine)).status_code,
            }
        assert answer.json()["room"] == f"project:{project}"
        assert entities(answer.json()["state"])["workflow:w"]["data"]["progress"] == 50
        assert refused == {401, 403, 400}
