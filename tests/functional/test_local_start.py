"""Starts at the same moment: in two directories both succeed, in one directory one of them does.

The commands are real processes; the emulator, the edge and the CDK are fakes that answer at once.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import directory_lock, parts
from local.directory_lock import DirectoryBusy
from local.service import Service
from local.settings import ROOT, Settings

PATIENCE = 30.0
"""Seconds for a command, on a busy machine."""

ANSWERS = """
import os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Ok(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

ThreadingHTTPServer(("127.0.0.1", int(os.environ[sys.argv[1]])), Ok).serve_forever()
"""

PROGRAM = f"""
import asyncio, sys, types

def prepare(settings, outputs):
    names = ("demo_token", "admin_token", "jwt_secret", "github_webhook_secret")
    return dict.fromkeys((*names, "demo_project_id", "demo_repository"), "")

sys.modules["local.demo"] = types.SimpleNamespace(REPOSITORY="", prepare=prepare)
from local import commands, service, stack
from local.errors import CannotRun

async def step(settings):
    (settings.directory / "begun").touch()
    while (settings.directory / "wait").exists():
        await asyncio.sleep(0.02)

async def deploy(settings):
    names = (
        "WebSocketUrl",
        "HttpUrl",
        "EventBusName",
        "DataBucketName",
        "RegistryTableName",
        "BroadcastFunctionName",
        "AccessFunctionName",
    )
    return dict.fromkeys(names, settings.directory.name)

stack.bootstrap, stack.synth, stack.deploy = step, step, deploy
service.EMULATOR = (sys.executable, "-c", {ANSWERS!r}, "GATEWAY_PORT")
service.EDGE = (sys.executable, "-c", {ANSWERS!r}, "ROOMCAST_PORT")
try:
    commands.main([sys.argv[1]])
except CannotRun as exc:
    sys.exit(str(exc))
"""
"""A command of the local service. While the directory has a file `wait`, no start gets ahead."""


def two_free_ports() -> list[int]:
    """Return two ports that nobody listens on."""
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in (one, other)]


class Local:
    """The commands of one service, with ports and a directory of its own."""

    def __init__(self, directory: Path) -> None:
        port, aws_port = two_free_ports()
        self.directory = directory
        self.service = Service(Settings(port=port, aws_port=aws_port, directory=directory))
        self.environment = {
            **os.environ,
            "ROOMCAST_LOCAL_DIR": str(directory),
            "ROOMCAST_PORT": str(port),
            "ROOMCAST_AWS_PORT": str(aws_port),
        }

    def begin(self, command: str) -> subprocess.Popen[str]:
        """Start a command and return its process."""
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, command],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def begin_slow_start(self) -> subprocess.Popen[str]:
        """Begin `up`; return its process once the emulator runs. It goes on after `go_on`."""
        self.hold_up()
        process = self.begin("up")
        self.wait_for("begun")
        return process

    def wait_for(self, file: str) -> None:
        """Wait until a start has written a file."""
        deadline = time.monotonic() + PATIENCE
        while not (self.directory / file).exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def wait_until(self, *, running: bool) -> None:
        """Wait until a part of the service runs, or none does any more."""
        deadline = time.monotonic() + PATIENCE
        while self.service.running() != running:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def hold_up(self) -> None:
        """Let starts wait in their first step."""
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "wait").touch()

    def go_on(self) -> None:
        """Let the starts that wait go on."""
        (self.directory / "wait").unlink()

    def run(self, command: str) -> tuple[int, str]:
        """Run a command to its end; return its exit code and what it said."""
        return ended(self.begin(command))

    def bus(self) -> str:
        """Return the bus of `endpoints.json`, which the fake deployment names by the directory."""
        return str(json.loads((self.directory / "endpoints.json").read_text())["event_bus_name"])


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the end of a command; return its exit code and what it said."""
    output, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, output + errors


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    local = Local(tmp_path / "one")
    yield local
    local.service.stop()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Local]:
    other = Local(tmp_path / "other")
    yield other
    other.service.stop()


class TestTwoDirectories:
    def test_both_start_at_the_same_moment_and_share_nothing(
        self, local: Local, other: Local
    ) -> None:
        both = [ended(process) for process in [local.begin("up"), other.begin("up")]]

        assert [code for code, _ in both] == [0, 0], both
        for each in (local, other):
            assert each.bus() == each.directory.name
            assert each.service.complete()
        assert local.run("down") == (0, "Stopped.\n")
        assert not local.service.running()
        assert other.service.complete()


class TestOneDirectory:
    def test_one_start_succeeds_and_the_other_says_why_it_does_not(self, local: Local) -> None:
        local.hold_up()
        both = [local.begin("up"), local.begin("up")]
        deadline = time.monotonic() + PATIENCE
        while all(process.poll() is None for process in both):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        local.go_on()

        started, refused = sorted(map(ended, both))
        assert (started[0], "Open the dashboard" in started[1]) == (0, True)
        assert refused == (
            1,
            "another command is starting or stopping the service of "
            f"{local.directory}: wait until it has ended, or choose another directory with "
            "ROOMCAST_LOCAL_DIR\n",
        )
        assert local.service.complete()

    def test_a_start_that_is_under_way_is_not_called_running(self, local: Local) -> None:
        starting = local.begin_slow_start()
        meanwhile = local.run("up")
        local.go_on()
        assert ended(starting)[0] == 0
        afterwards = local.run("up")

        assert (meanwhile[0], "running already" in meanwhile[1]) == (1, False)
        assert (afterwards[0], "running already" in afterwards[1]) == (0, True)

    def test_down_ends_a_start_that_is_under_way(self, local: Local) -> None:
        starting = local.begin_slow_start()

        assert local.run("down") == (0, "Stopped.\n")
        code, said = ended(starting)
        assert (code, "emulator: it ended by itself" in said) == (1, True)
        assert not local.service.running()

    def test_a_killed_start_blocks_nobody(self, local: Local) -> None:
        starting = local.begin_slow_start()
        starting.kill()
        ended(starting)
        local.go_on()

        code, said = local.run("up")
        assert (code, "it runs already" in said) == (1, True)
        assert local.run("down") == (0, "Stopped.\n")
        assert local.run("up")[0] == 0


class TestOverWhatIsThere:
    """`up` over a service that is dead, half dead or another one."""

    def test_a_service_that_was_killed_is_started_again(self, local: Local) -> None:
        assert local.run("up")[0] == 0
        for process in (local.service.emulator, local.service.edge):
            os.killpg(process.pid() or 0, signal.SIGKILL)
        local.wait_until(running=False)
        local.hold_up()
        starting = local.begin("up")
        local.wait_until(running=True)
        assert not local.service.complete()  # the endpoints of the dead one are gone
        local.go_on()
        assert ended(starting)[0] == 0
        assert local.service.problem() == ""

    def test_one_of_which_a_part_has_ended(self, local: Local) -> None:
        assert local.run("up")[0] == 0
        os.killpg(local.service.edge.pid() or 0, signal.SIGKILL)
        while local.service.edge.pid() is not None:
            time.sleep(0.02)
        for command in ("up", "status"):
            code, said = local.run(command)
            assert (code, "its edge has ended by itself. Run `make down`" in said) == (1, True)
        assert local.run("down") == (0, "Stopped.\n")
        assert local.run("up")[0] == 0

    def test_one_that_hangs(self, local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
        assert local.run("up")[0] == 0
        monkeypatch.setattr(parts, "ANSWER_SECONDS", 0.2)
        assert local.service.problem() == ""
        os.killpg(local.service.edge.pid() or 0, signal.SIGSTOP)
        assert "its edge does not answer. Run `make down`" in local.service.problem()
        os.killpg(local.service.edge.pid() or 0, signal.SIGCONT)

    def test_one_with_other_settings(self, local: Local) -> None:
        assert local.run("up")[0] == 0
        local.environment["ROOMCAST_SETTINGS"] = "page_size=20"
        code, said = local.run("up")
        assert code == 1
        assert "ROOMCAST_SETTINGS is 'page_size=20' now and was ''. Run `make down`" in said
        local.environment["ROOMCAST_SETTINGS"] = ""
        assert "running already" in local.run("up")[1]
        assert local.run("down")[0] == 0
        assert not (local.directory / "started.json").exists()


class TestStop:
    """`make down` and `make clean`, whatever an installation has left behind."""

    def test_needs_the_standard_library_only(self, tmp_path: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-S", "-m", "local.stop"],
            cwd=ROOT,
            env={"ROOMCAST_LOCAL_DIR": str(tmp_path / "none")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "It was not running.\n", "")

    @pytest.mark.parametrize("python", ["", "#!/nowhere/python", "#!/bin/sh\nexit 1"])
    @pytest.mark.parametrize("target", ["down", "clean"])
    def test_works_after_a_broken_installation(
        self, tmp_path: Path, python: str, target: str
    ) -> None:
        shutil.copy(ROOT / "Makefile", tmp_path)
        shutil.copytree(ROOT / "local", tmp_path / "local")
        broken = tmp_path / ".venv/bin/python"
        broken.parent.mkdir(parents=True)
        if python:
            broken.write_text(python)
            broken.chmod(0o755)
        done = subprocess.run(
            ["make", target, f"PYTHON={sys.executable}"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "It was not running.\n"), done.stderr
        assert (tmp_path / ".venv").exists() == (target == "down")


class TestHold:
    def test_excludes_others_until_its_end(self, tmp_path: Path) -> None:
        with (
            directory_lock.hold(tmp_path),
            pytest.raises(DirectoryBusy, match=str(tmp_path)),
            directory_lock.hold(tmp_path),
        ):
            pass
        with directory_lock.hold(tmp_path):
            pass

    def test_creates_the_directory_and_leaves_no_file(self, tmp_path: Path) -> None:
        with directory_lock.hold(tmp_path / "new/one"):
            pass
        assert list((tmp_path / "new/one").iterdir()) == []
