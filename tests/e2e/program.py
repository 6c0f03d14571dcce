"""A client in another language: a program that is told what to do and tells what it hears."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

CLIENTS = Path(__file__).parent / "clients"
PATIENCE = 40
LEAVES_WITHIN = 3.0
"""Seconds for a client to end by itself, once nothing more comes from its standard input."""


class Program:
    """One line of JSON for everything said and heard."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._heard: list[dict[str, Any]] = []

    def tell(self, **what: Any) -> None:
        """Have the client do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")

    async def hear(self, what: str, *, patience: float = PATIENCE, **values: Any) -> Any:
        """Return the next thing of a kind, with some values, that the client hears."""
        while True:
            for heard in self._heard:
                if heard["heard"] == what and values.items() <= _fields(heard["value"]).items():
                    self._heard.remove(heard)
                    return heard["value"]
            self._heard.append(await self._next(patience))

    @property
    def unasked(self) -> list[str]:
        """The kinds of what the client has heard and nobody has asked for."""
        return [heard["heard"] for heard in self._heard]

    async def _next(self, patience: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), patience)
        assert line, "the client has ended"
        heard: dict[str, Any] = json.loads(line)
        return heard


def _fields(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


@asynccontextmanager
async def program(name: str, *arguments: str) -> AsyncIterator[Program]:
    """Run a client of `tests/e2e/clients` with the Node of the virtual environment."""
    process = await asyncio.create_subprocess_exec(
        "node",
        *(str(CLIENTS / name), *arguments),
        stdin=PIPE,
        stdout=PIPE,
        limit=2**20,
        start_new_session=True,
    )
    try:
        yield Program(process)
        # A client that leaves on its own leaves nothing for the tests after it to find.
        assert process.stdin is not None
        process.stdin.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), LEAVES_WITHIN)
    finally:
        # `node` is a script that starts Node itself: both are in the session's process group.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
