"""The Python of docs/migrating.md runs as it stands there; its settings are those of the tables."""

import logging
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from infra.settings import Settings
from roomcast import EventBroadcaster, get_broadcaster
from roomcast.memory_bus import MemoryBus
from tests.documents import ROOT, blocks

DOCUMENT = "docs/migrating.md"


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryBus]:
    get_broadcaster().close()
    monkeypatch.setenv("ROOMCAST_EVENT_BUS", "memory:")
    yield get_broadcaster().bus
    get_broadcaster().bus.clear()
    get_broadcaster().close()


def run(block: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "migrating"}
    exec(compile(block, DOCUMENT, "exec"), names)  # noqa: S102
    return names


class TestService:
    async def test_publishes(self, bus: MemoryBus) -> None:
        app = run(blocks(DOCUMENT, "python")[0])["app"]
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client,
        ):
            answer = await client.delete("/projects/atlas", params={"user_id": "ada"})
        assert answer.json() == {"announced": True}
        (event,) = bus.of_type("project.deleted")
        assert event.rooms == ["project:atlas", "user:ada"]


class OldBroadcaster:
    """What the old server's broadcaster does when Redis is gone."""

    async def broadcast_project_deleted(self, **_: str) -> bool:
        raise ConnectionError("no Redis")


class TestPublishingToBoth:
    async def test_one_that_fails_does_not_stop_the_other(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        announce = run(blocks(DOCUMENT, "python")[1])["announce"]
        new = EventBroadcaster("memory:").init()
        values = {"project_id": "atlas", "deleted_by": "ada"}
        with caplog.at_level(logging.WARNING):
            await announce(OldBroadcaster(), new, "broadcast_project_deleted", **values)
        assert len(new.bus.of_type("project.deleted")) == 1
        assert "no Redis" in caplog.text


class TestSettings:
    def test_are_there(self) -> None:
        text = (ROOT / DOCUMENT).read_text()
        table = text[text.index("### Settings") : text.index("## 2.")]
        counterparts = [line.split("|")[2] for line in table.splitlines() if line.startswith("|")]
        named = set(re.findall(r"`([a-z_]+)[`=]", " ".join(counterparts)))
        assert len(named) > 6
        assert named - set(Settings.model_fields) == set()

    def test_of_the_command(self) -> None:
        (command,) = [block for block in blocks(DOCUMENT, "sh") if "make deploy" in block]
        named = set(re.findall(r"-c (\w+)=", command))
        assert named == {"jwt_secret_arn", "allowed_origins"}
        assert named - set(Settings.model_fields) == set()
