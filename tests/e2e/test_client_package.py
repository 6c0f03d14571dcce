"""`@roomcast/client`, as it is packed: in Node over both protocols, and in tabs of a browser."""

import json
import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from aiohttp import web

from roomcast import EventBroadcaster
from tests.e2e.gateway import end_connection
from tests.e2e.program import program
from tests.e2e.service import ROOT, free_port
from tests.e2e.test_client import Endpoints, token

WEB = ROOT / "web"
PACKAGE = WEB / "packages/client"

Publish = Callable[[float], Awaitable[None]]


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
    """Return what publishes the progress of the workflow `w1`."""

    async def publishing(progress: float) -> None:
        assert await broadcaster.broadcast_workflow_progress(
            "w1", "running", progress, f"step {progress}", 5, project_id=project
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


@pytest.fixture
async def page(built: Path, tmp_path: Path) -> AsyncIterator[str]:
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
    app.router.add_static("/", tmp_path)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port(18600)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}/index.html"
    await runner.cleanup()


class TestInABrowser:
    async def test_two_tabs_have_one_connection_and_go_on_without_the_first(
        self, endpoints: Endpoints, project: str, publish: Publish, page: str
    ) -> None:
        chromium = shutil.which("chromium")
        assert chromium, "Chromium is missing: apt-get install chromium"
        query = urlencode(
            {
                "url": endpoints["websocket_url"],
                "room": f"project:{project}",
                "token": token(endpoints, projects=[project]),
            }
        )
        async with program("tabs.mjs", chromium, f"{page}?{query}") as browser:

            async def sees(tab: str, element: str, text: str) -> str:
                browser.tell(see=tab, id=element, text=text)
                return str(await browser.hear("seen"))

            for tab in ("a", "b"):
                browser.tell(open=tab)
                await sees(tab, "status", "open joined=true complete=true")
            await publish(10)
            for tab in ("a", "b"):
                await sees(tab, "progress", "10")
                await sees(tab, "counts", "events=1 heard=1")
            browser.tell(count=True)
            assert await browser.hear("sockets") == 1
            browser.tell(close="a")
            await publish(20)
            await sees("b", "progress", "20")
            await sees("b", "status", "open joined=true complete=true")
            await publish(30)
            await sees("b", "counts", "events=3 heard=3")
            browser.tell(count=True)
            assert await browser.hear("sockets") == 1
            connection = await sees("b", "connection", "")
            end_connection(endpoints, {"data": {"connection_id": connection}})
            await publish(40)
            await sees("b", "progress", "40")
            await sees("b", "status", "open joined=true complete=true")
            assert "error" not in browser.unasked
