"""`roomcast tail` at a WebSocket server in this process."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.fakes.events_service import envelope, sends, serving, stays

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def start() -> AsyncIterator[Any]:
    async with serving() as start:
        yield start


class Command:
    """The command as a process of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        endpoints = folder / ".local" / "endpoints.json"
        endpoints.parent.mkdir()
        names = ("stats_url", "event_bus_name", "registry_table", "region", "aws_endpoint_url")
        written = dict.fromkeys(names, "none")
        written |= {"websocket_url": url, "jwt_secret": SECRET}
        endpoints.write_text(json.dumps(written))
        self._folder = folder

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        variables = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        variables["TZ"] = "CET-1"
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "roomcast", "tail", *arguments),
            cwd=self._folder,
            env=variables,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )


@pytest.fixture
def control_c() -> Iterator[None]:
    """Let processes be interrupted: those that a shell starts in its background cannot be."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class TestCommand:
    @pytest.mark.usefixtures("control_c")
    async def test_prints_until_control_c(self, start: Any, tmp_path: Path) -> None:
        service = await start(stays(envelope("e1")))
        process = await Command(tmp_path, service.url).start("project:123")
        assert process.stdout is not None
        async with asyncio.timeout(20):
            printed = (await process.stdout.readline()).decode()
            process.send_signal(signal.SIGINT)
            _, errors = await process.communicate()
        assert printed.endswith(
            ' s  project.deleted       project:123  {"project_id":"123","deleted_by":"42"}\n'
        )
        assert printed.startswith("13:00:01.234 ")  # in the zone of the machine
        assert errors.decode() == "# subscribed to project:123\n"
        assert process.returncode == 0
        claims = jwt.decode(service.tokens[0], SECRET, algorithms=["HS256"])
        assert (claims["sub"], claims["role"]) == ("roomcast-cli", "admin")

    async def test_json_a_token_of_ones_own_and_no_notices(
        self, start: Any, tmp_path: Path
    ) -> None:
        service = await start(sends(envelope("e1")))
        service.statuses = [0, 401]
        process = await Command(tmp_path, service.url).start(
            "project:123", "--json", "--quiet", "--token", "mine"
        )
        async with asyncio.timeout(20):
            output, errors = await process.communicate()
        assert [json.loads(line)["id"] for line in output.splitlines()] == ["e1"]
        said = errors.decode()
        assert said.startswith(f"Error: {service.url} refused the connection: HTTP 401 ")
        assert "Unauthorized: no. Next: pass another token" in said
        assert process.returncode == 1
        assert set(service.tokens) == {"mine"}

    async def test_an_address_needs_a_token_and_no_service(
        self, start: Any, tmp_path: Path
    ) -> None:
        service = await start(sends(envelope("e1")))
        service.statuses = [0, 401]
        command = Command(tmp_path, "ws://127.0.0.1:1")
        async with asyncio.timeout(20):
            without = await command.start("global", "--url", service.url)
            _, errors = await without.communicate()
            process = await command.start("global", "--url", service.url, "--token", "mine")
            output, _ = await process.communicate()
        assert without.returncode == 2
        assert b"--url needs a token" in errors
        assert len(output.splitlines()) == 1

    async def test_a_name_that_is_no_room(self, tmp_path: Path) -> None:
        process = await Command(tmp_path, "ws://127.0.0.1:1").start("project")
        async with asyncio.timeout(20):
            output, errors = await process.communicate()
        assert (process.returncode, output) == (2, b"")
        assert errors.startswith(b"Error: not a room name")

    async def test_types_and_since(self, start: Any, tmp_path: Path) -> None:
        service = await start(sends(envelope("e1")))
        service.statuses = [0, 401]
        options = ("--type", "project.*", "--type", "pr.created", "--since", "1795548600131")
        process = await Command(tmp_path, service.url).start("project:123", "--json", *options)
        async with asyncio.timeout(20):
            await process.communicate()
        (command,) = service.commands
        assert command["types"] == ["project.*", "pr.created"]
        assert command["since"] == 1795548600131
