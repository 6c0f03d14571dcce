"""What the pictures show: agents at work in two projects, and people who watch."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from roomcast.token_minting import mint_token
from tests.e2e.service import ROOT

USER: Final = "ada"
PROJECTS: Final = ("atlas", "zeus")
ROOMS: Final = tuple(f"project:{each}" for each in PROJECTS)
WATCHERS: Final = ("grace", "linus")

EVENTS: Final = ("--seed", "381", "--rounds", "70", "--every", "0.15")
"""The same ones each time; they end while the agents are in the middle of their work."""

ROOMCAST: Final = (sys.executable, "-m", "roomcast")


class StoryFailed(Exception):
    """The events could not be published; the message says why."""


class Story:
    """Publishes to a service, which is known by what its `endpoints.json` says."""

    def __init__(self, endpoints: dict[str, str], directory: Path) -> None:
        self._endpoints = endpoints
        file = directory / "story-endpoints.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(endpoints))
        self._environment = {**os.environ, "ROOMCAST_ENDPOINTS": str(file)}

    def link(self) -> str:
        """Return the dashboard's address, signed in as somebody who may see everything."""
        access = mint_token(self._endpoints["jwt_secret"], USER, role="admin", projects=PROJECTS)
        return f"{self._endpoints['site_url']}/#{urlencode({'token': access})}"

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Have others connected, each to the rooms of both projects, while the block runs.

        Raises `StoryFailed` when one of them left before its end.
        """
        watching = []
        try:
            for user in WATCHERS:
                watching.append(await self._start("tail", *ROOMS, "--user", user))
                await _subscribed(watching[-1])
            yield
            for process in watching:
                if process.returncode is not None:
                    raise StoryFailed(f"roomcast tail: {await _problem(process)}")
        finally:
            for process in watching:
                with suppress(ProcessLookupError):
                    process.terminate()
                await process.wait()

    async def tell(self) -> None:
        """Publish the events to their end; raise `StoryFailed`."""
        process = await self._start("demo", *PROJECTS, *EVENTS)
        problem = await _problem(process)
        if process.returncode:
            raise StoryFailed(f"roomcast demo: {problem}")

    async def _start(self, *command: str) -> Process:
        return await asyncio.create_subprocess_exec(
            *(*ROOMCAST, *command),
            cwd=ROOT,
            env=self._environment,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=PIPE,
        )


async def _subscribed(tail: Process) -> None:
    """Wait until `roomcast tail` says of each of its rooms that it is subscribed."""
    assert tail.stderr is not None
    for _ in ROOMS:
        line = (await tail.stderr.readline()).decode(errors="replace")
        if not line.startswith("# subscribed"):
            raise StoryFailed(f"roomcast tail: {line}{await _problem(tail)}")


async def _problem(process: Process) -> str:
    """Return what a process wrote to its standard error until its end."""
    _, written = await process.communicate()
    return written.decode(errors="replace").strip()
