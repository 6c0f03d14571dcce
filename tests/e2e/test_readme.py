"""The JavaScript of README.md and docs/receiving.md receives what is published."""

import asyncio
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from roomcast import EventBroadcaster
from tests.documents import blocks
from tests.e2e.program import PATIENCE
from tests.e2e.test_client import Endpoints, token
from tests.e2e.test_migrating import page


@pytest.mark.parametrize(
    ("document", "number"), [("README.md", 0), ("docs/receiving.md", 0), ("docs/receiving.md", 1)]
)
async def test_receives(
    endpoints: Endpoints, broadcaster: EventBroadcaster, document: str, number: int
) -> None:
    project = str(uuid4())
    host = urlsplit(endpoints["site_url"]).netloc
    code = blocks(document, "js")[number].replace("project:atlas", f"project:{project}")
    code = code.replace("wss://", "ws://").replace("https://", "http://")
    values = f"const token = {token(endpoints, projects=[project])!r}, host = {host!r};"
    async with page(f'import {{ io }} from "socket.io-client";\n{values}\n{code}') as printed:
        reading = asyncio.create_task(printed.readline())
        async with asyncio.timeout(PATIENCE):
            progress = 0
            while not reading.done():  # what came before it had joined is not sent
                progress += 1
                await broadcaster.broadcast_workflow_progress(
                    "7", "running", progress, "Test", 5, project
                )
                await asyncio.wait({reading}, timeout=1)
        assert 1 <= int(await reading) <= progress
