"""`@roomcast/client`, as it is packed: in Node over both protocols, and in tabs of a browser."""

import asyncio
import json
import subprocess
import tarfile
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from aiohttp import web

from roomcast import EventBroadcaster
from tests.e2e.gateway import end_connection
from tests.e2e.program import Program, program
from tests.e2e.service import ROOT, free_port
from tests.e2e.test_client import Endpoints, token

WEB = ROOT / "web"
PACKAGE = WEB / "packages/client"


class Publish(Protocol):
    """Publishes the progress of a workflow, of `w1` if none is named."""

    def __call__(self, progress: float, workflow: str = "w1") -> Awaitable[None]: ...


JOINED = "open joined=true complete=true"
"""What a page shows whose room is whole."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build and pack the package, and unpack it; return its index."""
    folder = tmp_path_factory.mktemp("packed")
    packing = ("npm", "pack", "--silent", "--workspace=packages/client")
    subprocess.run([*packing, f"--pack-destination={folder}"], cwd=WEB, check=True)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package/dist/index.js"


def test_what_is_packed(built: Path) -> None:
    """The modules and their types, no tests and no sources."""
    package = built.parents[1]
    files = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    assert {path for path in files if not path.startswith("dist/")} == {
        *("LICENSE", "README.md", "package.json")
    }
    assert all(path.endswith((".js", ".d.ts")) for path in files if path.startswith("dist/"))
    exported = json.loads((package / "package.json").read_text())["exports"].values()
    named = {path.removeprefix("./") for paths in exported for path in paths.values()}
    assert named <= files


@pytest.fixture
def project() -> str:
    return str(uuid4())


@pytest.fixture
def publish(broadcaster: EventBroadcaster, project: str) -> Publish:
    """Return what publishes the progress of a workflow, of `w1` if none is named."""

    async def publishing(progress: float, workflow: str = "w1") -> None:
        assert await broadcaster.broadcast_workflow_progress(
            workflow, "running", progress, f"step {progress}", 5, project_id=project
        )

    return publishing


class TestInNode:
    @pytest.mark.parametrize("protocol", ["json", "socketio"])
    async def test_a_room_comes_back_with_what_it_missed(
        self, endpoints: Endpoints, built: Path, project: str, publish: Publish, protocol: str
    ) -> None:
        url = endpoints["websocket_url" if protocol == "json" else "socketio_url"]
        access = token(endpoints, projects=[project])
        room = f"project:{project}"
        async with program("rooms.mjs", str(built), protocol, url, access, room) as client:
            greeting = await client.hear("event", type="connection.established")
            await client.hear("room", joined=True, complete=True)
            await publish(10)
            await client.hear("event", type="workflow.progress")
            end_connection(endpoints, greeting)
            await client.hear("room", connection="reconnecting")
            await publish(20)
            missed = await client.hear("event", type="workflow.progress")
            after = await client.hear("room", connection="open", count=2)
            await publish(30)
            live = await client.hear("room", connection="open", count=3)
        assert missed["data"]["progress"] == 20
        assert after["complete"] is True
        assert live["entities"]["workflow:w1"]["progress"] == 30

    async def test_a_page_that_comes_late_has_the_state(
        self, endpoints: Endpoints, built: Path, project: str, publish: Publish
    ) -> None:
        access = token(endpoints, projects=[project])
        url, room = endpoints["websocket_url"], f"project:{project}"
        async with program("rooms.mjs", str(built), "json", url, access, room) as witness:
            await witness.hear("room", joined=True)
            await publish(40)
            await witness.hear("event", type="workflow.progress")
        async with program("rooms.mjs", str(built), "json", url, access, room) as client:
            joined = await client.hear("room", joined=True, count=0)
            if not joined["entities"]:  # the page of the state is taken in after the reply
                joined = await client.hear("room", joined=True, count=0)
        assert joined["entities"]["workflow:w1"]["progress"] == 40


class Tokens:
    """The backend of a page: it gives a token of so many seconds to whoever asks."""

    def __init__(self, endpoints: Endpoints, project: str) -> None:
        self.seconds = 3600
        self.given = 0
        self._endpoints = endpoints
        self._project = project

    async def answer(self, _request: web.Request) -> web.Response:
        self.given += 1
        now = int(time.time())
        times = {"iat": now, "exp": now + self.seconds}
        return web.Response(text=token(self._endpoints, projects=[self._project], **times))


@pytest.fixture
def tokens(endpoints: Endpoints, project: str) -> Tokens:
    return Tokens(endpoints, project)


@pytest.fixture
async def page(built: Path, tmp_path: Path, tokens: Tokens) -> AsyncIterator[str]:
    """Bundle a page with the built package, and serve it; yield its address."""
    assert built.exists()
    subprocess.run(
        [
            *(WEB / "node_modules/.bin/esbuild", PACKAGE / "tests/pages/rooms.tsx", "--bundle"),
            *("--format=esm", "--splitting", "--log-level=warning", f"--outdir={tmp_path}"),
            '--define:process.env.NODE_ENV="development"',
        ],
        check=True,
    )
    html = '<!doctype html><div id="root"></div><script type="module" src="rooms.js"></script>'
    (tmp_path / "index.html").write_text(html)
    app = web.Application()
    app.router.add_get("/token", tokens.answer)
    app.router.add_static("/", tmp_path)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port(18600)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}/index.html"
    await runner.cleanup()


@dataclass
class Tabs:
    """Tabs of a browser; of each is seen what the page shows."""

    browser: Program

    async def open(self, tab: str) -> None:
        """Open a tab and wait until it has joined its room."""
        self.browser.tell(open=tab)
        await self.see(tab, "status", JOINED)

    async def see(self, tab: str, element: str, text: str) -> str:
        """Wait until an element has a text; return all of it."""
        self.browser.tell(see=tab, id=element, text=text)
        return str(await self.browser.hear("seen"))

    async def sockets(self) -> int:
        """Return how many WebSockets are open."""
        self.browser.tell(count=True)
        return int(await self.browser.hear("sockets"))

    async def forward(self, tab: str, seconds: float) -> None:
        """Let the clock of a tab jump."""
        self.browser.tell(forward=tab, seconds=seconds)
        await self.browser.hear("forwarded")


@pytest.fixture
async def tabs(endpoints: Endpoints, chromium: str, project: str, page: str) -> AsyncIterator[Tabs]:
    """Start a browser; its pages fetch their tokens."""
    query = {"url": endpoints["websocket_url"], "room": f"project:{project}", "tokens": "/token"}
    async with program("tabs.mjs", chromium, f"{page}?{urlencode(query)}") as browser:
        yield Tabs(browser)
        assert "error" not in browser.unasked


class TestInABrowser:
    async def test_two_tabs_have_one_connection_and_go_on_without_the_first(
        self, endpoints: Endpoints, publish: Publish, tabs: Tabs
    ) -> None:
        for tab in ("a", "b"):
            await tabs.open(tab)
        await publish(10)
        for tab in ("a", "b"):
            await tabs.see(tab, "progress", "10")
            await tabs.see(tab, "counts", "events=1 heard=1")
        assert await tabs.sockets() == 1
        tabs.browser.tell(close="a")
        await publish(20)
        await tabs.see("b", "progress", "20")
        await tabs.see("b", "status", JOINED)
        await publish(30)
        await tabs.see("b", "counts", "events=3 heard=3")
        assert await tabs.sockets() == 1
        connection = await tabs.see("b", "connection", "")
        end_connection(endpoints, {"data": {"connection_id": connection}})
        await publish(40)
        await tabs.see("b", "progress", "40")
        await tabs.see("b", "status", JOINED)

    async def test_a_token_is_renewed_before_it_ends(
        self, publish: Publish, tabs: Tabs, tokens: Tokens
    ) -> None:
        tokens.seconds = 10
        await tabs.open("a")
        ends = time.time() + tokens.seconds
        tokens.seconds = 600
        await tabs.forward("a", 15)
        while time.time() < ends + 1:
            await asyncio.sleep(0.2)
        await publish(10)
        await tabs.see("a", "counts", "events=1 heard=1")
        assert (await tabs.sockets(), tokens.given) == (1, 2)

    async def test_a_connection_is_replaced_before_its_two_hours_are_over(
        self, publish: Publish, tabs: Tabs, tokens: Tokens
    ) -> None:
        tokens.seconds = 6 * 3600
        await tabs.open("a")
        first = await tabs.see("a", "connection", "")
        await publish(10)
        await tabs.see("a", "progress", "10")
        await tabs.forward("a", 111 * 60)
        for number in range(20):
            await publish(20, f"at-once-{number}")
        await tabs.see("a", "counts", "events=21 heard=21")
        assert await tabs.see("a", "connection", "") != first
        await tabs.forward("a", 11)
        await publish(31)
        await tabs.see("a", "counts", "events=22 heard=22")
        await tabs.see("a", "status", JOINED)
        assert (await tabs.sockets(), tokens.given) == (1, 2)

    async def test_a_page_that_slept_has_what_it_missed(
        self, endpoints: Endpoints, publish: Publish, tabs: Tabs
    ) -> None:
        await tabs.open("a")
        await publish(10)
        await tabs.see("a", "progress", "10")
        connection = await tabs.see("a", "connection", "")
        tabs.browser.tell(sleep="a")
        await tabs.browser.hear("sleeps")
        end_connection(endpoints, {"data": {"connection_id": connection}})
        for number in range(3):
            await publish(20, f"at-night-{number}")
        tabs.browser.tell(wake="a")
        await tabs.browser.hear("awake")
        await tabs.see("a", "counts", "events=4 heard=4")
        await tabs.see("a", "status", JOINED)
