"""The JavaScript of docs/migrating.md, with an unmodified socket.io-client against the service."""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from roomcast import EventBroadcaster
from tests.documents import ROOT, blocks
from tests.e2e.program import PATIENCE
from tests.e2e.test_client import Endpoints, token
from tests.e2e.test_state import until_told

PAGE = """
import {{ io }} from "socket.io-client";
const token = {token!r};
const show = (what) => console.log(what);
"""


@asynccontextmanager
async def page(code: str) -> AsyncIterator[asyncio.StreamReader]:
    """Run JavaScript in Node; yield what it prints."""
    process = await asyncio.create_subprocess_exec(
        *("node", "--input-type=module", "--eval", code),
        cwd=ROOT,
        stdout=PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def test_frontends_change_the_url_only(
    endpoints: Endpoints, broadcaster: EventBroadcaster
) -> None:
    project = str(uuid4())
    await broadcaster.broadcast_workflow_progress("7", "running", 40, "Test", 5, project)
    await until_told(endpoints, project, 1)
    code = PAGE.format(token=token(endpoints, projects=[project]))
    code += "".join(blocks("docs/migrating.md", "js"))
    code = code.replace("https://events.example.com/ws", endpoints["socketio_url"])
    async with page(code.replace("project:atlas", f"project:{project}")) as printed:
        lines = [(await asyncio.wait_for(printed.readline(), PATIENCE)).decode() for _ in range(2)]
        assert sorted(lines) == ["success\n", "workflow:7 running\n"]
        await broadcaster.broadcast_project_deleted(project, "ada")
        assert (await asyncio.wait_for(printed.readline(), PATIENCE)).decode() == f"{project}\n"
