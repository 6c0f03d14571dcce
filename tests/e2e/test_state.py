"""The state of rooms, by real clients: JSON, socket.io-client, python-socketio and HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
import socketio
from aiohttp import web

from roomcast import EventBroadcaster
from tests.e2e.client import PATIENCE, connected
from tests.e2e.program import program
from tests.e2e.service import ROOT, free_port
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


async def tell_user(broadcaster: EventBroadcaster, user: str, issue: str) -> None:
    """Publish what is told with a user's greeting: an issue of the user, and an agent."""
    await broadcaster.broadcast_agent_status_changed(str(uuid4()), "Builder", "busy", 10)
    await broadcaster.broadcast_issue_created(
        issue, str(uuid4()), "Mine", None, "open", "high", assigned_to=user
    )


async def until_told(endpoints: Endpoints, project: str, count: int) -> dict[str, Any]:
    """Wait until a project's room has so many entities; return what HTTP answers."""
    headers = {"Authorization": f"Bearer {token(endpoints, projects=[project])}"}
    url = f"{endpoints['site_url']}/api/v1/rooms/project:{project}/state"
    async with httpx.AsyncClient(headers=headers) as http:
        answer = await until(
            lambda: http.get(url), lambda answer: len(answer.json()["state"]) == count
        )
    return dict(answer.json())


def entities(state: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {event["entity"]: event for event in state}


@pytest.fixture
async def live_page() -> AsyncIterator[str]:
    """Serve the example's page; return its URL."""
    app = web.Application()
    app.router.add_static("/", ROOT / "examples")
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port(18600)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}/live_page.html"
    await runner.cleanup()


class TestPage:
    async def test_is_right_at_once_also_after_a_reload(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster, chromium: str, live_page: str
    ) -> None:
        project = str(uuid4())
        mine = token(endpoints, projects=[project])
        await tell(broadcaster, project)
        await until_told(endpoints, project, 3)
        room = {"url": endpoints["websocket_url"], "room": f"project:{project}", "token": mine}
        async with program("browser.mjs", chromium, f"{live_page}?{urlencode(room)}") as browser:
            browser.tell(id="entities", text="pr:2 pr.updated Second draft")
            await browser.hear("seen")
            await broadcaster.broadcast_workflow_progress("w", "running", 75, "Test", 4, project)
            browser.tell(id="entities", text="running 75")
            await browser.hear("seen")
            browser.tell(id="entities", text="running 75", reload=True)
            assert "pr:1 pr.created First open" in await browser.hear("seen")


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
        user, issue = str(uuid4()), str(uuid4())
        await tell_user(broadcaster, user, issue)
        mine = token(endpoints, sub=user)
        url = f"{endpoints['websocket_url']}?state=true"
        async with connected(endpoints["websocket_url"], mine) as plain:
            for room in (f"user:{user}", "global"):
                await until(
                    partial(plain.ask, "subscribe", room=room, state=True),
                    lambda reply: bool(reply["state"]),
                )
        query = f"{url}&token={mine}" if how == "query" else url
        async with connected(query) as plain:
            if how == "authenticate":
                await plain.ask("authenticate", token=mine)
            event = await plain.event("issue.created", issue_id=issue)
            shared = await plain.event("agent.status_changed")
        assert (event["room"], event["replayed"]) == (f"user:{user}", True)
        assert event["entity"] == f"issue:{issue}"
        assert (shared["room"], shared["replayed"]) == ("global", True)

    async def test_automatic_rooms_over_socketio(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        user, issue = str(uuid4()), str(uuid4())
        await tell_user(broadcaster, user, issue)
        heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        client = socketio.AsyncClient()
        client.on("issue.created", heard.put, namespace="/ws")
        auth = {"token": token(endpoints, sub=user), "state": True}
        await client.connect(endpoints["site_url"], auth=auth, **SESSION)
        try:
            async with asyncio.timeout(PATIENCE):
                event = await heard.get()
        finally:
            await client.disconnect()
        assert (event["room"], event["data"]["issue_id"]) == (f"user:{user}", issue)

    async def test_over_http(self, endpoints: Endpoints, broadcaster: EventBroadcaster) -> None:
        project = str(uuid4())
        await tell(broadcaster, project)
        found = await until_told(endpoints, project, 3)
        assert found["room"] == f"project:{project}"
        assert entities(found["state"])["workflow:w"]["data"]["progress"] == 50
        other = {"Authorization": f"Bearer {token(endpoints, projects=['other'])}"}
        async with httpx.AsyncClient(base_url=endpoints["site_url"]) as http:
            url = f"/api/v1/rooms/project:{project}/state"
            statuses = [
                (await http.get(path, headers=headers)).status_code
                for path, headers in ((url, {}), (url, other), ("/api/v1/rooms/lobby/state", other))
            ]
        assert statuses == [401, 403, 400]
