"""Socket.IO's own clients, unmodified, against the deployed service."""

import asyncio
import json
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import socketio
from aiohttp import web

from roomcast import EventBroadcaster
from tests.e2e.program import CLIENTS, PATIENCE, program
from tests.e2e.service import ROOT, free_port
from tests.e2e.test_client import Endpoints, token

WEBSOCKET = {"transports": ["websocket"]}

WAITING: dict[str, Any] = {**WEBSOCKET, "wait_timeout": PATIENCE}
"""For python-socketio, which gives up after a second unless it is told otherwise."""


def options(**more: Any) -> str:
    """Return the options of io() as JSON."""
    return json.dumps({**WEBSOCKET, **more})


class TestNode:
    async def test_a_whole_conversation(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        project = str(uuid4())
        auth = {"token": token(endpoints, projects=[project])}
        async with program("client.mjs", endpoints["socketio_url"], options(auth=auth)) as client:
            await client.hear("connect")
            greeting = await client.hear("event", name="connection_established")
            client.tell(emit=["subscribe", {"room": f"project:{project}"}])
            joined = await client.hear("ack")
            client.tell(emit=["subscribe", {"room": "project:secret"}])
            denied = await client.hear("ack")
            client.tell(emit=["ping", {}])
            pong = await client.hear("ack")
            client.tell(emit=["debug:rooms", {}])
            rooms = await client.hear("ack")
            client.tell(emit=["authenticate", {"token": token(endpoints)}])
            refreshed = await client.hear("ack")
            client.tell(emit=["authenticate", auth])
            await client.hear("ack")
            client.tell(emit=["subscribe", {"room": f"project:{project}"}])
            await client.hear("ack")
            await broadcaster.broadcast_project_deleted(project, "someone")
            event = await client.hear("event", name="project.deleted")
        assert greeting["args"][0]["data"]["user_id"] == "user-1"
        assert joined == {"status": "success", "room": f"project:{project}"}
        assert denied["code"] == "ROOM_ACCESS_DENIED"
        assert pong == {"status": "pong"}
        assert rooms["rooms"] == ["global", "user:user-1", f"project:{project}"]
        assert refreshed["rooms"] == ["global", "user:user-1"]
        (envelope,) = event["args"]
        assert envelope["type"] == "project.deleted"
        assert envelope["room"] == f"project:{project}"

    async def test_a_token_that_is_rejected(self, endpoints: Endpoints) -> None:
        url = endpoints["socketio_url"]
        async with program("client.mjs", url, options(auth={"token": "bad"})) as client:
            error = await client.hear("connect_error")
        assert error["data"]["code"] == "AUTH_FAILED"

    async def test_the_token_in_the_query(self, endpoints: Endpoints) -> None:
        query = {"token": token(endpoints)}
        async with program("client.mjs", endpoints["socketio_url"], options(query=query)) as client:
            connected = await client.hear("connect")
            greeting = await client.hear("event", name="connection_established")
        assert connected["id"]
        assert greeting["args"][0]["data"]["user_id"] == "user-1"

    async def test_an_unknown_namespace(self, endpoints: Endpoints) -> None:
        auth = {"token": token(endpoints)}
        url = f"{endpoints['site_url']}/admin"
        async with program("client.mjs", url, options(auth=auth)) as client:
            assert (await client.hear("connect_error"))["message"] == "Invalid namespace"

    async def test_the_main_namespace(self, endpoints: Endpoints) -> None:
        auth = {"token": token(endpoints)}
        async with program("client.mjs", endpoints["site_url"], options(auth=auth)) as client:
            await client.hear("connect")
            await client.hear("event", name="connection_established")
            client.tell(emit=["ping"])
            assert await client.hear("ack") == {"status": "pong"}

    async def test_on_the_apis_own_url(self, endpoints: Endpoints) -> None:
        host, slash, stage = endpoints["websocket_api_url"].partition("/_aws")
        opening = options(
            auth={"token": token(endpoints)}, path=slash + stage, addTrailingSlash=False
        )
        url = host.replace("ws://", "http://") + "/ws"
        async with program("client.mjs", url, opening) as client:
            connected = await client.hear("connect")
            client.tell(emit=["ping"])
            pong = await client.hear("ack")
        assert connected["recovered"] is False
        assert pong == {"status": "pong"}

    async def test_two_namespaces_over_one_connection(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        user = f"user-{uuid4()}"
        auth = {"token": token(endpoints, sub=user)}
        async with program("namespaces.mjs", endpoints["site_url"], options(auth=auth)) as client:
            for namespace in ("/", "/ws"):
                await client.hear("connection_established", namespace=namespace)
            await broadcaster.broadcast_project_deleted("p", user)
            copies = [
                await client.hear("project.deleted", namespace=namespace)
                for namespace in ("/", "/ws")
            ]
            assert await client.hear("engines") == 1
        assert copies[0]["event"] == copies[1]["event"]

    async def test_a_lost_connection_comes_back_without_a_gap(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        project = str(uuid4())
        auth = {"token": token(endpoints, projects=[project]), "recover": True}
        opening = options(auth=auth, reconnectionDelay=6000, randomizationFactor=0)

        async def publish(step: int) -> None:
            assert await broadcaster.broadcast_workflow_progress(
                f"w{step}", "running", step, f"step {step}", 9, project_id=project
            )

        async with program("client.mjs", endpoints["socketio_url"], opening) as client:
            first = await client.hear("connect")
            client.tell(emit=["subscribe", {"room": f"project:{project}"}])
            await client.hear("ack")
            await publish(0)
            await client.hear("event", name="workflow.progress")
            client.tell(drop=True)
            await client.hear("disconnect")
            for step in (1, 2, 3):
                await publish(step)
            again = await client.hear("connect")
            await publish(4)
            events: dict[str, int] = {}
            while 4 not in events.values() or len(events) < 4:
                heard = await client.hear("event", name="workflow.progress")
                envelope, offset = heard["args"]
                assert offset == envelope["id"]
                events[offset] = envelope["data"]["progress"]
        assert first["recovered"] is False
        assert again["recovered"] is True
        assert sorted(events.values()) == [1, 2, 3, 4]

    async def test_an_expired_token_makes_the_client_come_back(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        user = f"user-{uuid4()}"
        auth = {"token": token(endpoints, sub=user, exp=int(time.time()) + 4)}
        async with program("client.mjs", endpoints["socketio_url"], options(auth=auth)) as client:
            await client.hear("event", name="connection_established")
            await asyncio.sleep(4.5)
            await broadcaster.broadcast_project_deleted("p", user)
            error = await client.hear("event", name="connection_error")
            assert error["args"][0]["data"]["error_code"] == "AUTH_FAILED"
            assert await client.hear("disconnect") in ("transport close", "transport error")
            # It comes back by itself, and is told that its token will not do.
            assert (await client.hear("connect_error"))["data"]["code"] == "AUTH_FAILED"

    async def test_two_hundred_at_once(self, endpoints: Endpoints) -> None:
        auth = {"token": token(endpoints)}
        opening = options(auth=auth, timeout=60_000)
        async with program("crowd.mjs", endpoints["socketio_url"], opening, "200") as crowd:
            everyone = await crowd.hear("everyone", patience=120)
        assert (everyone["connected"], everyone["errors"]) == (200, [])


class TestPython:
    async def test_async_client(self, endpoints: Endpoints, broadcaster: EventBroadcaster) -> None:
        project = str(uuid4())
        events: asyncio.Queue[Any] = asyncio.Queue()
        client = socketio.AsyncClient()
        client.on("project.deleted", events.put, namespace="/ws")
        client.on("project.deleted", events.put, namespace="/")
        await client.connect(
            endpoints["site_url"],
            auth={"token": token(endpoints, projects=[project])},
            namespaces=["/ws", "/"],
            **WAITING,
        )
        try:
            for namespace in ("/ws", "/"):
                room = {"room": f"project:{project}"}
                reply = await client.call("subscribe", room, namespace=namespace)
                assert reply["status"] == "success"
            await broadcaster.broadcast_project_deleted(project, "someone")
            copies = [await asyncio.wait_for(events.get(), 20) for _ in range(2)]
        finally:
            await client.disconnect()
        assert copies[0] == copies[1]
        assert copies[0]["data"]["project_id"] == project

    async def test_sync_client(self, endpoints: Endpoints) -> None:
        def talk() -> Any:
            client = socketio.Client()
            client.connect(
                endpoints["site_url"],
                auth={"token": token(endpoints)},
                namespaces=["/ws"],
                **WAITING,
            )
            try:
                return client.call("ping", namespace="/ws")
            finally:
                client.disconnect()

        assert await asyncio.to_thread(talk) == {"status": "pong"}

    async def test_a_token_that_is_rejected(self, endpoints: Endpoints) -> None:
        client = socketio.AsyncClient()
        with pytest.raises(socketio.exceptions.ConnectionError):
            await client.connect(
                endpoints["site_url"], auth={"token": "bad"}, namespaces=["/ws"], **WAITING
            )

    async def test_on_the_apis_own_url(self, endpoints: Endpoints) -> None:
        host, slash, stage = endpoints["websocket_api_url"].partition("/_aws")
        client = socketio.AsyncClient()
        await client.connect(
            host,
            socketio_path=slash + stage,
            auth={"token": token(endpoints)},
            namespaces=["/ws"],
            **WAITING,
        )
        assert await client.call("ping", namespace="/ws") == {"status": "pong"}
        await client.disconnect()


@pytest.fixture
async def page(tmp_path: Path) -> Any:
    """Build the old frontend and serve it; yield its address."""
    subprocess.run(
        [
            *(ROOT / "node_modules/.bin/esbuild", CLIENTS / "dashboard.jsx"),
            *("--bundle", "--log-level=warning", f"--outfile={tmp_path}/dashboard.js"),
            '--define:process.env.NODE_ENV="production"',
        ],
        check=True,
    )
    html = '<!doctype html><div id="root"></div><script src="dashboard.js"></script>'
    (tmp_path / "index.html").write_text(html)
    app = web.Application()
    app.router.add_static("/", tmp_path)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port(18500)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}/index.html"
    await runner.cleanup()


class TestBrowser:
    async def test_the_old_frontend_shows_what_happens(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster, chromium: str, page: str
    ) -> None:
        project = str(uuid4())
        access = token(endpoints, projects=[project])
        query = urlencode({"url": endpoints["socketio_url"], "project": project, "token": access})
        async with program("browser.mjs", chromium, f"{page}?{query}") as browser:

            async def sees(element: str, text: str) -> None:
                browser.tell(id=element, text=text)
                await browser.hear("seen")

            await sees("user", "user-1")
            await sees("joined", "success")
            await broadcaster.broadcast_project_updated(
                project, "Atlas", "https://github.com/o/r", "active", "someone"
            )
            await sees("project", "Atlas")
            await broadcaster.broadcast_workflow_progress(
                "w1", "running", 40, "tests", 5, project_id=project
            )
            await sees("progress", "40%")
            await broadcaster.broadcast_agent_status_changed("a1", "Ada", "busy", 40)
            await sees("agents", "Ada is busy")
