"""The receiving client, and the commands that are built on it, against the deployed service."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import roomcast
from roomcast import EventBroadcaster
from tests.e2e.gateway import end_connection
from tests.e2e.test_client import Endpoints, token


def command(endpoints: Endpoints, folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """Run a command with `--json`; return what it prints."""
    given = folder / "endpoints.json"
    given.write_text(json.dumps(endpoints))
    done = subprocess.run(
        [sys.executable, "-m", "roomcast", *arguments],
        env={**os.environ, "ROOMCAST_ENDPOINTS": str(given), "ROOMCAST_EVENT_BUS": ""},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


async def test_a_client_misses_nothing_when_its_connection_ends(
    endpoints: Endpoints, broadcaster: EventBroadcaster, tmp_path: Path
) -> None:
    project, user = str(uuid4()), f"client-{uuid4()}"
    room = f"project:{project}"
    joined = asyncio.Event()
    found: list[str] = []
    gaps: list[str] = []

    def notice(text: str) -> None:
        if text.startswith("subscribed"):
            joined.set()

    async def receive() -> None:
        url, mine = endpoints["websocket_url"], token(endpoints, sub=user, projects=[project])
        async with roomcast.connect(url, mine, on_gap=gaps.append, on_notice=notice) as client:
            async for event in client.events(room):
                found.append(event.data["deleted_by"])
                if len(found) == 3:
                    return

    receiving = asyncio.create_task(receive())
    async with asyncio.timeout(60):
        await joined.wait()
        await broadcaster.broadcast_project_deleted(project, "one")
        while found != ["one"]:
            await asyncio.sleep(0.05)
        listed = ("connections", "--user", user, "--json")
        (row,) = await asyncio.to_thread(command, endpoints, tmp_path, *listed)
        assert room in row["rooms"]
        end_connection(endpoints, {"data": {"connection_id": row["id"]}})
        await broadcaster.broadcast_project_deleted(project, "two")
        await broadcaster.broadcast_project_deleted(project, "three")
        await receiving
    assert sorted(found) == ["one", "three", "two"]
    assert gaps == []


async def test_what_was_recorded_is_played(
    endpoints: Endpoints, broadcaster: EventBroadcaster, tmp_path: Path
) -> None:
    project = str(uuid4())
    room = f"project:{project}"
    for who in ("one", "two"):
        await broadcaster.broadcast_project_deleted(project, who)
    async with asyncio.timeout(60):
        kept: list[dict[str, Any]] = []
        while len(kept) < 2:
            kept = command(endpoints, tmp_path, "history", room, "--json")
        recorded = command(endpoints, tmp_path, "record", room, "--since", "5m", "--count", "2")
        assert [each["id"] for each in recorded] == [each["id"] for each in kept]
        file = tmp_path / "run.jsonl"
        file.write_text("".join(f"{json.dumps(each)}\n" for each in recorded))
        played = command(endpoints, tmp_path, "play", str(file), "--speed", "9", "--json")
        while len(kept) < 4:
            kept = command(endpoints, tmp_path, "history", room, "--json")
    assert {each["id"] for each in played} == {each["id"] for each in kept[2:]}
    assert sorted(each["data"]["deleted_by"] for each in kept[2:]) == ["one", "two"]
