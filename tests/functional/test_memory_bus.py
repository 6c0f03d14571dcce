"""The bus in memory: what users' unit tests see of what their code publishes."""

import ast
import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

from roomcast import (
    EventBroadcaster,
    EventTooLarge,
    InvalidEvent,
    NotConfigured,
    ProjectDeleted,
    PullRequestUpdated,
    get_broadcaster,
    init_broadcaster,
)
from roomcast.bus import EventBus
from roomcast.events import AgentConnected
from tests.documents import blocks

PUBLISHING = (Path(__file__).parents[2] / "docs/publishing.md").read_text()
DELETED = ProjectDeleted(project_id="p1", deleted_by="u1")


@pytest.fixture(autouse=True)
def no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the bus, and nothing else that boto3 could use."""
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ROOMCAST_EVENT_BUS", "memory:")


class TestRecording:
    async def test_what_was_published_in_order(self) -> None:
        broadcaster = await EventBroadcaster().init()
        assert await broadcaster.broadcast_project_deleted("123", deleted_by="u1") is True
        assert broadcaster.sync.publish(DELETED, source="me", id="delivery-1") is True
        assert await broadcaster.publish_many([DELETED, DELETED]) == [True, True]
        first, second, *_ = broadcaster.bus.events
        assert first.type == first["type"] == "project.deleted"
        assert first.rooms == ["project:123", "user:u1"]
        assert first.data == {"project_id": "123", "deleted_by": "u1"}
        assert (second.id, second.source) == ("delivery-1", "me")
        assert len(broadcaster.bus.events) == 4
        with pytest.raises(AttributeError, match="no field 'room'"):
            _ = first.room

    async def test_by_type(self) -> None:
        broadcaster = EventBroadcaster()
        await broadcaster.broadcast_pr_updated("r1", "p1", "Fix", "open")
        await broadcaster.publish(DELETED)
        assert [event.data["pr_id"] for event in broadcaster.bus.of_type("pr.updated")] == ["r1"]
        assert len(broadcaster.bus.of_type(PullRequestUpdated)) == 1
        assert broadcaster.bus.of_type("pr.created") == []

    async def test_stays_until_it_is_cleared(self) -> None:
        broadcaster = EventBroadcaster()
        await broadcaster.publish(DELETED)
        broadcaster.close()
        assert len(broadcaster.bus.events) == 1
        broadcaster.bus.clear()
        assert broadcaster.bus.events == []

    def test_shared_broadcaster(self) -> None:
        get_broadcaster().bus.clear()
        assert init_broadcaster().sync.publish(DELETED)
        assert asyncio.run(get_broadcaster().publish(DELETED))
        assert len(get_broadcaster().bus.events) == 2
        get_broadcaster().bus.clear()

    def test_name_as_an_argument(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ROOMCAST_EVENT_BUS")
        broadcaster = EventBroadcaster("memory:")
        assert broadcaster.sync.publish(DELETED)
        assert len(broadcaster.bus.events) == 1

    async def test_refuses_what_a_bus_on_aws_would_not_get(self) -> None:
        broadcaster = EventBroadcaster()
        with pytest.raises(InvalidEvent):
            await broadcaster.broadcast_project_deleted("a b", "u1")
        with pytest.raises(EventTooLarge):
            await broadcaster.publish(
                AgentConnected(agent_id="a1", agent_name="A", metadata={"x": "x" * 300_000})
            )
        assert broadcaster.bus.events == []

    def test_large_event_needs_no_bucket(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_DATA_BUCKET", "on-aws")
        broadcaster = EventBroadcaster()
        large = AgentConnected(agent_id="a1", agent_name="A", metadata={"x": "x" * 200_000})
        assert broadcaster.sync.publish(large) is True
        assert broadcaster.bus.events[0].data == large.data()

    def test_given_by_name_it_needs_no_bucket_either(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_EVENT_BUS", "roomcast-events")
        monkeypatch.setenv("ROOMCAST_DATA_BUCKET", "on-aws")
        large = AgentConnected(agent_id="a1", agent_name="A", metadata={"x": "x" * 200_000})
        for given in (None, "on-aws"):
            broadcaster = EventBroadcaster("memory:", data_bucket=given)
            assert broadcaster.sync.publish(large) is True
            assert broadcaster.bus.events[0].data == large.data()


class TestOtherBus:
    def test_has_no_events_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_EVENT_BUS", "roomcast-events")
        with pytest.raises(NotConfigured, match="memory:"):
            _ = EventBroadcaster().bus

    def test_name_means_nothing_to_eventbridge(self) -> None:
        with pytest.raises(NotConfigured, match="memory:"):
            EventBus().connect()


class TestPublishing:
    def test_its_unit_test_passes(self, tmp_path: Path) -> None:
        (block,) = re.findall(r"```python\n(import pytest\n.*?)```", PUBLISHING, re.DOTALL)
        (tmp_path / "test_publishing.py").write_text(block)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-o", "asyncio_mode=auto", str(tmp_path)],
            env={"PATH": "/nonexistent"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "1 passed" in done.stdout, done.stdout + done.stderr


class TestReadme:
    async def test_its_publisher_publishes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_EVENT_BUS", "memory:")
        get_broadcaster().close()
        code = compile(
            *(blocks("README.md", "python")[0], "README.md", "exec"),
            flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
        )
        await eval(code, {})  # noqa: S307
        (event,) = get_broadcaster().bus.of_type("workflow.progress")
        assert event.rooms == ["project:atlas"]
        get_broadcaster().bus.clear()
        get_broadcaster().close()
