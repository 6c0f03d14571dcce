"""docs/tutorial.md from its first line to its last, in the order in which a person reads it."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from local.settings import Settings
from tests.documents import ROOT, blocks
from tests.e2e.program import program
from tests.e2e.service import free_port
from tests.e2e.test_client import Endpoints

DOCUMENT = "docs/tutorial.md"
PATIENCE = 90


class Tutorial:
    """Its blocks, with the addresses of this service, a folder and a room of this test."""

    def __init__(self, endpoints: Endpoints, folder: Path) -> None:
        self.port = free_port(18700)
        site = urlsplit(endpoints["site_url"]).netloc
        # A room and a user of their own: other tests use the same service.
        self._replacements = {
            "http://127.0.0.1:4566": endpoints["aws_endpoint_url"],
            "127.0.0.1:8000": site,
            "8090": str(self.port),
            ".local/run": str(folder),
            "atlas": str(uuid4()),
            "EVENT_BUS=Roomcast": f"EVENT_BUS={endpoints['event_bus_name']}",
        }

    def blocks(self, language: str) -> list[str]:
        """Return the blocks of a language as a reader of this test would have them."""
        found = blocks(DOCUMENT, language)
        for old, new in self._replacements.items():
            found = [block.replace(old, new) for block in found]
        return found


@asynccontextmanager
async def shell(command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run commands in the repository's folder; end what still runs."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euc", command),
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=PIPE,
        stderr=STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def run(command: str) -> str:
    """Run commands to their end, which is a good one; return what they print."""
    async with shell(command) as process:
        printed, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
        assert process.returncode == 0, printed.decode()
    return printed.decode()


async def line_with(process: asyncio.subprocess.Process, text: str) -> str:
    """Return the next line that has the text."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        while line := (await process.stdout.readline()).decode():
            if text in line:
                return line
    raise AssertionError(f"it ended without {text!r}")


async def test_every_line(
    endpoints: Endpoints, chromium: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "endpoints.json"
    given.write_text(json.dumps(endpoints))
    monkeypatch.setenv("ROOMCAST_ENDPOINTS", str(given))
    tutorial = Tutorial(endpoints, tmp_path / "run")
    dev, folder, tail, agent, history, state, build, serve, address, again = tutorial.blocks("sh")
    assert dev == "make dev\n"
    await run(folder)
    (python,) = tutorial.blocks("python")
    (tmp_path / "run/agent.py").write_text(python)
    (html,) = tutorial.blocks("html")
    (tmp_path / "run/index.html").write_text(html)

    async with shell(tail) as listening:
        await line_with(listening, "subscribed")
        await run(agent)
        await line_with(listening, "workflow.progress")
        await line_with(listening, "workflow.completed")
    async with asyncio.timeout(PATIENCE):
        while "workflow.completed" not in await run(history):
            await asyncio.sleep(0.5)
    answer = await run(state)
    assert '"entity":"workflow:run-1"' in answer
    assert '"status":"completed"' in answer

    await run(build)
    async with shell(serve) as server:
        await line_with(server, "Serving")
        page = (await run(address)).strip()
        async with program("browser.mjs", chromium, page) as browser:
            browser.tell(id="step", text="completed")
            await browser.hear("seen")
            async with shell(agent.replace(agent.splitlines()[-1], again)):
                browser.tell(id="step", text="write a test")
                await browser.hear("seen")
                browser.tell(id="step", text="change the code", reload=True)
                await browser.hear("seen")
                browser.tell(id="step", text="completed")
                await browser.hear("seen")


def test_the_addresses_are_those_of_a_local_service() -> None:
    settings = Settings.from_environment({})
    text = (ROOT / DOCUMENT).read_text()
    assert f"127.0.0.1:{settings.port}/ws" in text
    assert f"AWS_ENDPOINT_URL=http://127.0.0.1:{settings.aws_port} " in text
