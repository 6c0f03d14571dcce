"""`roomcast events`, and events of one's own that an installed package offers."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from roomcast.cli import main
from roomcast.events import EVENT_TYPES
from tests.fakes.bus_listener import BUS, BusListener
from tests.functional.test_cli import template

MODULE = """
from roomcast import Event


class Base(Event):
    source = "deploy_service"


class DeployFinished(Base):
    type = "deploy.finished"
    state_key = "service"

    team: str
    service: str
    project: str | None = None

    def rooms(self):
        return (f"team:{self.team}", *([f"project:{self.project}"] if self.project else []))


class Ticked(Base):
    type = "clock.ticked"

    n: int

    def rooms(self):
        return (f"agent:{self.n + 1}",)
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return what installs a package with entry points, as pip would leave it behind."""
    monkeypatch.syspath_prepend(tmp_path)

    def installing(*entry_points: str, **modules: str) -> None:
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(text)
        info = tmp_path / "acme-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("\n".join(["[roomcast.events]", *entry_points]))

    yield installing
    for name in [name for name in sys.modules if name.startswith("acme_")]:
        del sys.modules[name]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def listed(*arguments: str) -> list[dict[str, Any]]:
    result = run("events", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


class TestListing:
    def test_the_events_of_the_protocol(self) -> None:
        events = listed()
        assert [event["type"] for event in events] == list(EVENT_TYPES)
        (deleted,) = [event for event in events if event["type"] == "project.deleted"]
        assert deleted["rooms"] == ["project:<project_id>", "user:<deleted_by>"]
        assert deleted["source"] == "project_service"
        assert deleted["schema"]["required"] == ["project_id", "deleted_by"]
        (progress,) = [event for event in events if event["type"] == "workflow.progress"]
        assert progress["rooms"] == ["project:<project_id>", "global"]

    def test_those_of_a_package(self, install: Install) -> None:
        install("all = acme_events", acme_events=MODULE)
        ticked, finished = listed("--own")
        assert finished["type"] == "deploy.finished"
        assert finished["class"] == "acme_events.DeployFinished"
        assert finished["source"] == "deploy_service"
        assert finished["rooms"] == ["team:<team>", "project:<project>"]
        assert finished["state_key"] == ["service"]
        assert finished["schema"]["properties"]["team"]["type"] == "string"
        assert (ticked["type"], ticked["rooms"], ticked["state_key"]) == ("clock.ticked", [], [])

    def test_one_class(self, install: Install) -> None:
        install("one = acme_events:DeployFinished", acme_events=MODULE)
        assert [event["type"] for event in listed("--own")] == ["deploy.finished"]

    def test_an_event_that_is_offered_twice_is_one(self, install: Install) -> None:
        install("one = acme_events:DeployFinished", "all = acme_events", acme_events=MODULE)
        assert [event["type"] for event in listed("--own")] == ["clock.ticked", "deploy.finished"]

    def test_as_text(self, install: Install) -> None:
        install("all = acme_events", acme_events=MODULE)
        text = run("events", "--own").stdout
        assert "deploy.finished\n    fields  team, service, project?\n" in text
        assert "    rooms   team:<team>, project:<project>\n" in text

    def test_nothing_of_ones_own(self) -> None:
        assert listed("--own") == []


class TestTypes:
    def test_of_all_events(self, install: Install) -> None:
        install("all = acme_events", acme_events=MODULE)
        written = run("types").stdout
        assert "export interface WorkflowProgress {\n" in written
        assert "export interface DeployFinished {\n  readonly team: string;\n" in written
        assert '  "deploy.finished": DeployFinished;\n' in written

    def test_of_ones_own_for_the_client(self, install: Install) -> None:
        install("all = acme_events", acme_events=MODULE)
        written = run("types", "--own").stdout
        assert "WorkflowProgress" not in written
        assert '  "deploy.finished": "service",\n} as const;\n' in written
        assert written.endswith('    "deploy.finished": DeployFinished;\n  }\n}\n')


class TestErrors:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (("deploy.finished", "presence.joined"), "presence.*"),
            (("deploy.finished", "connection.lost"), "kept for the service"),
            (("deploy.finished", "disconnect"), "which Socket.IO reserves"),
            (("deploy.finished", "project.updated"), "which is an event of roomcast.events"),
            (("deploy.finished", "clock.ticked"), "has the type clock.ticked, which"),
            (('state_key = "service"', 'state_key = "id"'), "state_key: expected fields"),
            (("from roomcast import Event", "import nowhere"), "cannot be imported"),
            (("class DeployFinished(Base)", "class DeployFinished(7)"), "cannot be imported"),
            ((MODULE, "from roomcast import ProjectUpdated"), "defines no subclass"),
        ],
    )
    def test_name_the_entry_point(
        self, install: Install, change: tuple[str, str], said: str
    ) -> None:
        install("all = acme_events", acme_events=MODULE.replace(*change))
        for command in (("events",), ("types",), ("publish", "acme.event")):
            result = run(*command)
            assert result.exit_code == 2, result.output
            assert "the entry point all = acme_events of roomcast.events" in result.stderr
            assert said in " ".join(result.stderr.split())
            assert "Traceback" not in result.stderr

    @pytest.mark.parametrize("value", ["acme_events:Event", "acme_events:x", "acme_events:number"])
    def test_what_is_no_event(self, install: Install, value: str) -> None:
        install(f"one = {value}", acme_events=f"{MODULE}\nnumber = 7\n")
        result = run("events")
        assert result.exit_code == 2
        assert f"the entry point one = {value}" in result.stderr

    def test_two_packages_with_one_type(self, install: Install) -> None:
        install("a = acme_events", "b = acme_other", acme_events=MODULE, acme_other=MODULE)
        result = run("events")
        assert result.exit_code == 2
        assert "of the entry point a = acme_events has already" in " ".join(result.stderr.split())

    def test_do_not_concern_events_of_the_protocol(
        self, aws: None, install: Install, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install("all = acme_events", acme_events="import nowhere")
        monkeypatch.setenv("ROOMCAST_EVENT_BUS", BUS)
        BusListener()
        assert run("publish", "project.deleted", "project_id=1", "deleted_by=2").exit_code == 0


class TestPublish:
    def test_an_event_of_ones_own(
        self, aws: None, install: Install, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install("all = acme_events", acme_events=MODULE)
        monkeypatch.setenv("ROOMCAST_EVENT_BUS", BUS)
        monkeypatch.setenv("ROOMCAST_ROOM_KINDS", '{"team": "authenticated"}')
        bus = BusListener()
        result = run("publish", "deploy.finished", "team=red", "service=7")
        assert result.exit_code == 0, result.output
        (event,) = bus.heard()
        assert event["detail"]["rooms"] == ["team:red"]
        assert event["detail"]["data"] == {"team": "red", "service": "7", "project": None}
        assert event["detail"]["state_key"] == "deploy:7"

    def test_the_stack_tells_the_kinds_of_rooms(
        self, aws: None, install: Install, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install("all = acme_events", acme_events=MODULE)
        monkeypatch.delenv("ROOMCAST_EVENT_BUS", raising=False)
        bus = BusListener()
        outputs = {"EventBusName": BUS, "RoomKinds": '{"team":"authenticated"}'}
        for name, given in (("With", outputs), ("Without", {"EventBusName": BUS})):
            boto3.client("cloudformation").create_stack(
                StackName=name, TemplateBody=template(given)
            )
        event = ("publish", "deploy.finished", "team=red", "service=7", "--stack")
        assert run(*event, "With").exit_code == 0
        refused = run(*event, "Without")
        assert refused.exit_code == 2
        assert "RoomKinds" in refused.stderr
        assert len(bus.heard()) == 1

    def test_a_slip_is_guessed(self, install: Install) -> None:
        install("all = acme_events", acme_events=MODULE)
        assert "did you mean deploy.finished?" in run("publish", "deploy.finishd").stderr
