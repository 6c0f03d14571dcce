"""What a change of the documents breaks, and what is only added."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from click.testing import CliRunner, Result

from roomcast import Event
from roomcast.cli import main
from roomcast.events import EVENT_TYPES
from roomcast.schema import FILES, Documents, documents
from roomcast.schema.diff import breaking

NOW = documents(EVENT_TYPES.values())


class Deploy(Event):
    """An event of one's own."""

    type = "deploy.finished"
    source = "deploy_service"

    service: str
    state: Literal["good", "bad"]
    seconds: int
    team: str | None = None
    steps: list[str]
    sizes: dict[str, int]

    def rooms(self) -> tuple[str, ...]:
        """Return one room."""
        return ("global",)


def changed(**fields: Any) -> type[Event]:
    """Return `Deploy` with other annotations; None takes a field away."""
    annotations = {**Deploy.__annotations__, **fields}
    defaults = {"team": None} if "team" not in fields else {}
    body = {
        "__annotations__": {name: each for name, each in annotations.items() if each is not None},
        "__module__": __name__,
        "type": Deploy.type,
        "source": "deploy_service",
        "rooms": Deploy.rooms,
        **defaults,
    }
    return type("Deploy", (Event,), body)


def broken(after: type[Event]) -> list[str]:
    return breaking(documents([Deploy]), documents([after]))


class TestEvents:
    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"service": None}, "deploy.finished.data.service is gone"),
            ({"service": int}, "deploy.finished.data.service is no string any more"),
            ({"service": str | int}, "deploy.finished.data.service may be integer now"),
            ({"service": str | None}, "deploy.finished.data.service may be null now"),
            (
                {"service": Literal["api"]},
                'deploy.finished.data.service is only one of "api" now',
            ),
            ({"state": Literal["good"]}, 'deploy.finished.data.state is never "bad" any more'),
            (
                {"state": str},
                'deploy.finished.data.state may have other values than "good", "bad" now',
            ),
            ({"seconds": float}, "deploy.finished.data.seconds may be number now"),
            ({"steps": list[int]}, "deploy.finished.data.steps[] may be integer now"),
            ({"sizes": dict[str, str]}, "deploy.finished.data.sizes.* may be string now"),
        ],
    )
    def test_what_breaks(self, fields: dict[str, Any], sentence: str) -> None:
        assert sentence in broken(changed(**fields))

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"added": str},
            {"state": Literal["good", "bad", "ugly"]},
            {"team": str},
        ],
    )
    def test_what_is_added_breaks_nothing(self, fields: dict[str, Any]) -> None:
        assert broken(changed(**fields)) == []

    def test_each_change_is_told_once(self) -> None:
        found = broken(changed(service=None))
        assert found == ["deploy.finished.data.service is gone"]

    def test_one_that_may_be_missing_now(self) -> None:
        old = documents([changed(team=str)])
        assert "deploy.finished.data.team may be missing now" in breaking(old, documents([Deploy]))

    def test_one_that_is_gone(self) -> None:
        assert "the event deploy.finished is gone" in breaking(documents([Deploy]), documents([]))

    def test_one_that_is_added(self) -> None:
        assert breaking(NOW, documents([*EVENT_TYPES.values(), Deploy])) == []


Edit = Callable[[Documents], object]


def schemas(found: Documents, name: str = "asyncapi.json") -> Any:
    return found[name]["components"]["schemas"]


class TestProtocolsAndRoutes:
    @pytest.mark.parametrize(
        ("edit", "sentence"),
        [
            (lambda d: d["asyncapi.json"]["operations"].pop("json.state"), "json.state is gone"),
            (
                lambda d: schemas(d)["Subscribe"]["properties"].pop("types"),
                "json.subscribe (Subscribe).types is gone",
            ),
            (
                lambda d: schemas(d)["Subscribe"]["required"].append("since"),
                "json.subscribe (Subscribe).since is required now",
            ),
            (
                lambda d: schemas(d)["Authenticated"]["properties"].pop("rooms"),
                "socketio.authenticate.reply.rooms is gone",
            ),
            (
                lambda d: schemas(d)["Code"]["enum"].remove("ROOM_LIMIT"),
                'json.refused.code is never "ROOM_LIMIT" any more',
            ),
            (
                lambda d: d["asyncapi.json"]["channels"]["json"].update(address="/socket"),
                "json: /ws is gone",
            ),
            (
                lambda d: d["asyncapi.json"]["components"]["messages"][
                    "socketio.connection.error"
                ].update(name="failed"),
                "socketio.connection.error is called failed now, it was connection_error",
            ),
            (lambda d: d["openapi.json"]["paths"].pop("/health"), "GET /health is gone"),
            (
                lambda d: schemas(d, "openapi.json")["Statistics"]["required"].remove("rooms"),
                "GET /api/v1/websocket/stats 200 body.rooms may be missing now",
            ),
            (
                lambda d: d["openapi.json"]["paths"]["/health"]["get"].update(security=[{"a": []}]),
                "GET /health needs a token now",
            ),
            (
                lambda d: d["openapi.json"]["paths"]["/webhooks/github"]["post"]["responses"].pop(
                    "202"
                ),
                "POST /webhooks/github 202 is gone",
            ),
        ],
    )
    def test_what_breaks(self, edit: Edit, sentence: str) -> None:
        new = copy.deepcopy(NOW)
        edit(new)
        assert sentence in breaking(NOW, new)

    @pytest.mark.parametrize(
        "edit",
        [
            lambda d: schemas(d)["Subscribe"]["properties"].update(new={"type": "string"}),
            lambda d: schemas(d)["Code"]["enum"].append("NEW"),
            lambda d: schemas(d)["Unsubscribe"]["required"].clear(),
            lambda d: d["openapi.json"]["paths"].update({"/new": {"get": {"responses": {}}}}),
        ],
    )
    def test_what_is_added_breaks_nothing(self, edit: Edit) -> None:
        new = copy.deepcopy(NOW)
        edit(new)
        assert breaking(NOW, new) == []


class TestCommand:
    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["schema", *arguments])

    def test_what_it_writes_is_what_it_compares(self, tmp_path: Path) -> None:
        written = self.run("--to", str(tmp_path / "a/b"))
        assert (written.exit_code, len(written.stdout.split())) == (0, len(FILES))
        for old in (tmp_path / "a/b", tmp_path / "a/b/events.json"):
            result = self.run("diff", str(old))
            assert (result.exit_code, result.stdout[:7]) == (0, "Nothing")

    def test_a_change_that_breaks_is_told_and_the_exit_code(self, tmp_path: Path) -> None:
        self.run("--to", str(tmp_path))
        file = tmp_path / "events.json"
        old = json.loads(file.read_text())
        old["$defs"]["ProjectDeleted"]["properties"]["reason"] = {"type": "string"}
        file.write_text(json.dumps(old))
        result = self.run("diff", str(tmp_path))
        assert result.exit_code == 1
        assert result.stdout == "project.deleted.data.reason is gone\n"
        as_json = self.run("diff", "--json", str(tmp_path))
        assert json.loads(as_json.stdout) == {"breaks": "project.deleted.data.reason is gone"}

    @pytest.mark.parametrize("text", ["{", "{}", "[]", '{"oneOf": [{"$ref": "#/a"}]}'])
    def test_what_is_no_document(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "events.json").write_text(text)
        result = self.run("diff", str(tmp_path))
        assert (result.exit_code, "Error: " in result.stderr) == (2, True)

    def test_a_folder_without_one(self, tmp_path: Path) -> None:
        result = self.run("diff", str(tmp_path))
        assert (result.exit_code, "events.json" in result.stderr) == (2, True)
