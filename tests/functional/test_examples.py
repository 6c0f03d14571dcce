"""The examples do what they say: run as they are, and heard on the bus."""

import asyncio
import io
import json
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import httpx
import pytest
import socketio
from aiohttp import web
from aiohttp.test_utils import TestServer
from temporalio.testing import ActivityEnvironment

from roomcast import get_broadcaster
from tests.fakes.bus_listener import BUS, BusListener
from tests.fakes.events_service import envelope, serving, stays

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def bus(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[BusListener]:
    get_broadcaster().close()
    monkeypatch.setenv("ROOMCAST_EVENT_BUS", BUS)
    yield BusListener()
    get_broadcaster().close()


def run(name: str, *argv: str, as_main: bool = True) -> dict[str, Any]:
    """Run an example as a script, or only load it."""
    path = str(EXAMPLES / f"{name}.py")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [path, *argv])
        return runpy.run_path(path, run_name="__main__" if as_main else name)


def heard(bus: BusListener) -> list[tuple[str, dict[str, Any]]]:
    return [(event["detail-type"], event["detail"]["data"]) for event in bus.heard()]


class TestFastapiRoute:
    async def test_change_is_announced(self, bus: BusListener) -> None:
        app = run("fastapi_route", as_main=False)["app"]
        change = {"name": "Parser", "repository_url": "https://example.org", "status": "active"}
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://example") as client,
        ):
            answer = await client.patch("/projects/p1", json=change, headers={"X-User-Id": "u1"})
        assert (answer.status_code, answer.json()) == (200, {"announced": True})
        ((event_type, data),) = heard(bus)
        assert event_type == "project.updated"
        assert data["project_name"] == "Parser"
        assert data["updated_by"] == "u1"
        assert data["changes"] == change


class TestTemporalActivity:
    async def test_every_step_is_reported(self, bus: BusListener) -> None:
        run_steps = run("temporal_activity", as_main=False)["run_steps"]
        assert await ActivityEnvironment().run(run_steps, "w1", "p1") == 4
        progress = sorted((data["progress"], data["status"]) for _, data in heard(bus))
        assert progress == [
            (25, "running"),
            (50, "running"),
            (75, "running"),
            (100, "completed"),
        ]


class TestAgentService:
    def test_status_changes_twice(self, bus: BusListener) -> None:
        run("agent_service")
        changes = sorted((data["status"], data["availability"]) for _, data in heard(bus))
        assert changes == [("busy", 10), ("idle", 100)]


class TestEndAccess:
    @pytest.mark.parametrize(
        ("rooms", "kinds"),
        [((), ["access.revoke"]), (("project:7", "project:8"), ["access.remove"] * 2)],
    )
    def test_orders_it(self, bus: BusListener, rooms: tuple[str, ...], kinds: list[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            run("end_access", "ada", "has left", *rooms)
        assert ended.value.code == 0
        orders = bus.heard()
        assert [order["detail-type"] for order in orders] == kinds
        assert [order["detail"].get("room") for order in orders] == list(rooms or [None])
        assert {order["detail"]["user_id"] for order in orders} == {"ada"}
        assert {order["detail"]["reason"] for order in orders} == {"has left"}


class TestOwnEvent:
    def test_is_for_the_room_of_the_team(
        self, bus: BusListener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_ROOM_KINDS", '{"team": {"claim": "teams"}}')
        with pytest.raises(SystemExit) as ended:
            run("own_event", "red", "api")
        assert ended.value.code == 0
        (event,) = bus.heard()
        assert (event["detail-type"], event["source"]) == ("deploy.finished", "deploy_service")
        assert event["detail"]["rooms"] == ["team:red"]
        assert event["detail"]["state_key"] == "deploy:api"
        assert event["detail"]["data"] == {"team": "red", "service": "api", "seconds": 41.5}

    def test_takes_twenty_lines(self) -> None:
        text = (EXAMPLES / "own_event.py").read_text()
        code = text[text.index("class Deploy") : text.index("def main")]
        assert len([line for line in code.splitlines() if line]) <= 20


class TestTeamRoom:
    async def test_joins_it_and_returns_its_first_event(self) -> None:
        server = socketio.AsyncServer(async_mode="aiohttp", namespaces=["/ws"])
        asked: list[Any] = []

        async def subscribe(sid: str, body: dict[str, Any]) -> dict[str, Any]:
            asked.append(body)
            server.start_background_task(
                server.emit, "deploy.finished", {"data": {"team": "red"}}, to=sid, namespace="/ws"
            )
            return {"status": "success", **body}

        server.on("subscribe", subscribe, namespace="/ws")
        app = web.Application()
        server.attach(app)
        async with TestServer(app) as running:
            watch = run("team_room", as_main=False)["watch"]
            event = await asyncio.wait_for(watch(str(running.make_url("/")), "red", "t"), 20)
        assert asked == [{"room": "team:red"}]
        assert event == {"data": {"team": "red"}}


class TestGithubService:
    def deliver(self, payload: dict[str, Any], patch: pytest.MonkeyPatch) -> None:
        patch.setattr(sys, "stdin", io.StringIO(json.dumps(payload)))
        run("github_service")

    def test_pull_request(self, bus: BusListener, monkeypatch: pytest.MonkeyPatch) -> None:
        url = "https://api.github.com/repos/acme/parser/pulls/1"
        pull_request = {
            "url": url,
            "html_url": "https://github.com/acme/parser/pull/1",
            "title": "Fix it",
            "body": None,
            "draft": True,
            "user": {"login": "octocat"},
            "head": {"ref": "fix"},
        }
        self.deliver({"action": "opened", "pull_request": pull_request}, monkeypatch)
        ((event_type, data),) = heard(bus)
        assert event_type == "pr.created"
        assert data["pr_id"] == str(uuid5(NAMESPACE_URL, url))
        assert (data["status"], data["author"], data["branch"]) == ("draft", "octocat", "fix")

    def test_issue(self, bus: BusListener, monkeypatch: pytest.MonkeyPatch) -> None:
        issue = {"url": "https://x/issues/2", "title": "Broken", "body": "Yes", "state": "open"}
        self.deliver({"action": "edited", "issue": issue}, monkeypatch)
        ((event_type, data),) = heard(bus)
        assert event_type == "issue.updated"
        assert (data["title"], data["description"], data["status"]) == ("Broken", "Yes", "open")


class TestAiService:
    def test_findings_then_summary(self, bus: BusListener) -> None:
        example = run("ai_service", as_main=False)
        project_id = uuid4()
        asyncio.run(example["review"](uuid4(), project_id))
        events = heard(bus)
        assert sorted(event_type for event_type, _ in events) == [
            "ai.analysis_complete",
            "ai.suggestion",
            "ai.suggestion",
        ]
        assert {data["project_id"] for _, data in events} == {str(project_id)}
        assert {data.get("suggestion_count") for _, data in events} == {None, 2}

    def test_runs_as_a_script(self, bus: BusListener) -> None:
        run("ai_service")
        assert len(heard(bus)) == 3


class TestSyncScript:
    def exit_code(self, *argv: str) -> object:
        with pytest.raises(SystemExit) as end:
            run("sync_script", *argv)
        return end.value.code

    def test_publishes(self, bus: BusListener) -> None:
        assert self.exit_code("p1", "u1") == 0
        (event,) = bus.heard()
        assert event["source"] == "cleanup_script"
        assert event["detail"]["data"] == {"project_id": "p1", "deleted_by": "u1"}

    def test_says_which_value_is_bad(
        self, bus: BusListener, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.exit_code("no id", "u1") == 2
        assert "project_id" in capsys.readouterr().err
        assert heard(bus) == []

    def test_tells_when_nothing_was_accepted(
        self, bus: BusListener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_EVENT_BUS", "nowhere")
        assert self.exit_code("p1", "u1") == 1


class TestPublishMany:
    def test_whole_fleet(self, bus: BusListener, capsys: pytest.CaptureFixture[str]) -> None:
        run("publish_many")
        assert capsys.readouterr().out == "25 accepted\n"
        events = heard(bus)
        assert len(events) == 25
        assert [event_type for event_type, _ in events].count("workflow.started") == 1


class TestAtMost:
    def test_reports_a_few_of_many(self, bus: BusListener) -> None:
        run("at_most", "build-18")
        types = [event_type for event_type, _ in heard(bus)]
        assert types[0] == "workflow.progress"
        assert types[-1] == "workflow.completed"
        assert 2 < len(types) < 12


class TestEveryExample:
    def test_is_tested_here(self) -> None:
        tested = Path(__file__).read_text()
        names = {path.stem for path in EXAMPLES.glob("*.py")}
        assert {name for name in names if f'"{name}"' not in tested} == set()


class TestReceive:
    async def test_goes_on_where_the_last_run_ended(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        follow = run("receive", as_main=False)["follow"]
        async with serving() as start:
            first = stays(envelope("e1", seq=5))
            service = await start(first, stays(envelope("e2", seq=6), recovered=False))
            for _ in range(2):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(1):
                        await follow(service.url, "token", "project:123")
        assert [command.get("since") for command in service.commands] == [None, 5]
        printed = capsys.readouterr().out.splitlines()
        words = [line.split()[1] for line in printed]
        assert sorted(words) == ["project.deleted", "project.deleted", "the"]
        assert json.loads((tmp_path / "offsets.json").read_text()) == {"project:123": 6}
