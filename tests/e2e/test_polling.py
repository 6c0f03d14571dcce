"""Socket.IO's own clients with their default options: HTTP long-polling first, then a WebSocket."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import socketio
from aiohttp import ClientSession

from roomcast import EventBroadcaster
from tests.e2e.program import program
from tests.e2e.proxy import without_websockets
from tests.e2e.test_client import Endpoints, token

VERSIONS = (
    "socket.io-client-4.0",
    "socket.io-client-4.4",
    "socket.io-client-4.6",
    "socket.io-client-4.7",
    "socket.io-client",
)
PATIENCE = 20
CROWD = os.environ.get("ROOMCAST_CROWD", "60")
ORIGIN = "https://app.example"


def defaults(**more: Any) -> str:
    """Return options of io() without `transports`."""
    return json.dumps(more)


async def publish(broadcaster: EventBroadcaster, project: str, step: int) -> None:
    assert await broadcaster.broadcast_workflow_progress(
        f"w{step}", "running", step, f"step {step}", 9, project_id=project
    )


class TestDefaults:
    @pytest.mark.parametrize("version", VERSIONS)
    async def test_every_version_of_the_client_upgrades(
        self, endpoints: Endpoints, version: str
    ) -> None:
        opening = defaults(auth={"token": token(endpoints)})
        async with program("client.mjs", endpoints["socketio_url"], opening, version) as client:
            assert (await client.hear("connect"))["transport"] == "websocket"
            await client.hear("event", name="connection_established")
            client.tell(emit=["subscribe", {"room": "agent:a1"}])
            assert (await client.hear("ack"))["status"] == "success"

    @pytest.mark.parametrize("version", VERSIONS)
    async def test_on_the_stage_s_path(self, endpoints: Endpoints, version: str) -> None:
        """Versions before 4.6 add a slash to it."""
        opening = defaults(auth={"token": token(endpoints)}, path="/ws")
        url = f"{endpoints['site_url']}/ws"
        async with program("client.mjs", url, opening, version) as client:
            assert (await client.hear("connect"))["transport"] == "websocket"

    async def test_a_crowd_at_once(self, endpoints: Endpoints) -> None:
        """CROWD clients; with 200 an emulator on two busy cores is too slow for some of them."""
        options = {"auth": {"token": token(endpoints)}, "timeout": 60_000}
        for more in ({"transports": ["websocket"]}, {}):
            opening = json.dumps({**options, **more})
            async with program("crowd.mjs", endpoints["socketio_url"], opening, CROWD) as crowd:
                everyone = await crowd.hear("everyone", patience=120)
            print(CROWD, more or "default options", everyone)  # noqa: T201  pytest -s shows it
            assert (everyone["errors"], everyone["missing"]) == ([], [])
            assert (everyone["connected"], everyone["upgraded"]) == (int(CROWD), int(CROWD))

    async def test_a_python_client(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        project = str(uuid4())
        events: asyncio.Queue[Any] = asyncio.Queue()
        client = socketio.AsyncClient()
        client.on("project.deleted", events.put, namespace="/ws")
        await client.connect(
            endpoints["site_url"],
            auth={"token": token(endpoints, projects=[project])},
            namespaces=["/ws"],
            wait_timeout=10,
        )
        try:
            room = {"room": f"project:{project}"}
            assert (await client.call("subscribe", room, namespace="/ws"))["status"] == "success"
            await broadcaster.broadcast_project_deleted(project, "someone")
            event = await asyncio.wait_for(events.get(), PATIENCE)
            assert client.transport() == "websocket"
        finally:
            await client.disconnect()
        assert event["data"]["project_id"] == project

    async def test_a_bad_token_is_told(self, endpoints: Endpoints) -> None:
        opening = defaults(auth={"token": "bad"})
        async with program("client.mjs", endpoints["socketio_url"], opening) as client:
            assert (await client.hear("connect_error"))["data"]["code"] == "AUTH_FAILED"


@pytest.fixture
async def blocked(endpoints: Endpoints) -> AsyncIterator[str]:
    """Return the site behind a proxy that blocks WebSockets."""
    async with without_websockets(endpoints["site_url"]) as url:
        yield url


class TestBlockedWebSockets:
    async def test_a_whole_conversation(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster, blocked: str
    ) -> None:
        project = str(uuid4())
        auth = {"token": token(endpoints, projects=[project])}
        async with program("client.mjs", f"{blocked}/ws", defaults(auth=auth)) as client:
            assert (await client.hear("connect"))["transport"] == "polling"
            await client.hear("event", name="connection_established")
            client.tell(emit=["subscribe", {"room": f"project:{project}"}])
            assert (await client.hear("ack"))["status"] == "success"
            client.tell(emit=["subscribe", {"room": "project:secret"}])
            assert (await client.hear("ack"))["code"] == "ROOM_ACCESS_DENIED"
            await broadcaster.broadcast_project_deleted(project, "someone")
            event = await client.hear("event", name="project.deleted")
            client.tell(how=True)
            assert await client.hear("transport") == "polling"
            client.tell(emit=["ping", {}])
            assert await client.hear("ack") == {"status": "pong"}
        assert event["args"][0]["data"]["project_id"] == project

    async def test_a_lost_session_is_recovered(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster, blocked: str
    ) -> None:
        project = str(uuid4())
        auth = {"token": token(endpoints, projects=[project]), "recover": True}
        opening = defaults(auth=auth, reconnectionDelay=6000, randomizationFactor=0)
        async with program("client.mjs", f"{blocked}/ws", opening) as client:
            await client.hear("connect", recovered=False)
            client.tell(emit=["subscribe", {"room": f"project:{project}"}])
            await client.hear("ack")
            await publish(broadcaster, project, 0)
            await client.hear("event", name="workflow.progress")
            client.tell(drop=True)
            await client.hear("disconnect")
            for step in (1, 2, 3):
                await publish(broadcaster, project, step)
            await client.hear("connect", recovered=True)
            await publish(broadcaster, project, 4)
            steps: set[int] = set()
            while 4 not in steps:
                heard = await client.hear("event", name="workflow.progress")
                steps.add(heard["args"][0]["data"]["progress"])
        assert 4 in steps

    async def test_what_comes_while_no_request_waits_is_kept(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster, blocked: str
    ) -> None:
        """Twenty events in a moment: some come between two requests."""
        project = str(uuid4())
        auth = {"token": token(endpoints, projects=[project])}
        async with program("client.mjs", f"{blocked}/ws", defaults(auth=auth)) as client:
            await client.hear("connect")
            client.tell(emit=["subscribe", {"room": f"project:{project}"}])
            await client.hear("ack")
            deleted = [f"{project}-{number}" for number in range(20)]
            await asyncio.gather(
                *(
                    broadcaster.broadcast_workflow_progress(
                        name, "running", 1, "step", 9, project_id=project
                    )
                    for name in deleted
                )
            )
            heard = [await client.hear("event", name="workflow.progress") for _ in deleted]
        names = [event["args"][0]["data"]["workflow_id"] for event in heard]
        assert sorted(names) == sorted(deleted)

    async def test_the_python_client_in_threads(self, endpoints: Endpoints, blocked: str) -> None:
        def talk() -> Any:
            client = socketio.Client()
            client.connect(
                blocked, auth={"token": token(endpoints)}, namespaces=["/ws"], wait_timeout=15
            )
            try:
                return client.transport(), client.call("ping", namespace="/ws")
            finally:
                client.disconnect()

        assert await asyncio.to_thread(talk) == ("polling", {"status": "pong"})


class TestPagesOfOtherOrigins:
    async def test_may_read_answers_with_credentials(self, endpoints: Endpoints) -> None:
        url = f"{endpoints['site_url']}/socket.io/?EIO=4&transport=polling"
        headers = {"Origin": ORIGIN}
        async with ClientSession() as session, session.get(url, headers=headers) as answer:
            assert answer.status == 200
            assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
            assert answer.headers["Access-Control-Allow-Credentials"] == "true"
            assert answer.headers["Cache-Control"] == "no-store"

    async def test_may_ask_before_a_request_with_headers(self, endpoints: Endpoints) -> None:
        url = f"{endpoints['site_url']}/socket.io/?EIO=4&transport=polling"
        headers = {
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        }
        async with ClientSession() as session, session.options(url, headers=headers) as answer:
            assert answer.status in (200, 204)
            assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN

    @pytest.mark.parametrize(
        ("query", "says"),
        [
            ("EIO=3&transport=polling", "EIO=4"),
            ("EIO=4&transport=webtransport", "Transport unknown"),
            ("EIO=4&transport=polling&sid=nobody", "connect again"),
        ],
    )
    async def test_read_what_is_wrong(self, endpoints: Endpoints, query: str, says: str) -> None:
        url = f"{endpoints['site_url']}/socket.io/?{query}"
        headers = {"Origin": ORIGIN}
        async with ClientSession() as session, session.get(url, headers=headers) as answer:
            assert answer.status == 400
            assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
            assert says in (await answer.json())["message"]
