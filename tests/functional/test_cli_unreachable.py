"""Commands where nothing answers: they end within seconds, and say what to run next."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from roomcast.cli import main
from roomcast.cli.deployment import ENDPOINTS

SECONDS = 6.0
"""Twice what is promised: the tests run beside others, on machines that may be slow."""

COMMANDS = [
    ["publish", "project.deleted", "project_id=1", "deleted_by=2"],
    ["kick", "ada"],
    ["remove", "ada", "project:1"],
    ["revoke", "ada"],
    ["tail", "global"],
    ["link-repo", "octo/hello", "1"],
    ["link-user", "mona", "1"],
    ["links"],
    ["unlink-repo", "octo/hello"],
    ["unlink-user", "mona"],
    ["stats"],
    ["rooms"],
    ["connections"],
    ["history", "global"],
    ["record", "global"],
    ["redrive"],
    ["doctor"],
]
IDS = [command[0] for command in COMMANDS]


def describe(folder: Path, port: int) -> None:
    """Write the file of a service whose addresses are all one port."""
    url = f"http://127.0.0.1:{port}"
    written = {
        "websocket_url": f"ws://127.0.0.1:{port}/ws",
        "stats_url": f"{url}/stats",
        "event_bus_name": "bus",
        "registry_table": "registry",
        "region": "us-east-1",
        "aws_endpoint_url": url,
        "jwt_secret": "0123456789abcdef0123456789abcdef",
        "dead_letters": {"open": f"{url}/queue"},
    }
    (folder / ENDPOINTS).parent.mkdir()
    (folder / ENDPOINTS).write_text(json.dumps(written))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("STACK", "EVENT_BUS", "ENDPOINTS", "TOKEN"):
        monkeypatch.delenv(f"ROOMCAST_{name}", raising=False)
    return tmp_path


@pytest.fixture
def silent() -> Iterator[int]:
    """Return a port whose connections are accepted, and never answered."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def fails(arguments: list[str]) -> str:
    """Run a command that must fail in time; return what it says, as one line."""
    begun = time.monotonic()
    result = CliRunner().invoke(main, arguments)
    assert time.monotonic() - begun < SECONDS
    assert result.exit_code in (1, 2), result.output
    assert "Traceback" not in result.output
    return " ".join(result.stderr.split())


class TestALocalService:
    @pytest.mark.parametrize("arguments", COMMANDS, ids=IDS)
    def test_that_has_ended(self, folder: Path, arguments: list[str]) -> None:
        describe(folder, 1)
        assert "Next: run `make dev` or `make up`" in fails(arguments)

    @pytest.mark.parametrize("name", ["publish", "tail", "stats", "doctor"])
    def test_that_hangs(self, folder: Path, silent: int, name: str) -> None:
        describe(folder, silent)
        (arguments,) = [command for command in COMMANDS if command[0] == name]
        assert "Next: run `make dev` or `make up`" in fails(arguments)


class TestAws:
    @pytest.mark.parametrize("arguments", COMMANDS, ids=IDS)
    def test_that_cannot_be_reached(
        self, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        assert "Next: check AWS_DEFAULT_REGION" in fails([*arguments, "--stack", "Roomcast"])

    def test_of_a_bus_that_the_environment_names(
        self, silent: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("ROOMCAST_EVENT_BUS", "bus")
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent}")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        assert "the bus did not accept" in fails(COMMANDS[0])
        assert "check the way to that address" in caplog.text


class TestAnAddress:
    def test_that_hangs(self, silent: int) -> None:
        said = fails(["tail", "global", "--url", f"ws://127.0.0.1:{silent}", "--token", "mine"])
        assert "cannot connect to" in said
