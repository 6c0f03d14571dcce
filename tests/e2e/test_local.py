"""`make dev` and `make up` as a person meets them: starting, stopping, and what goes wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.ports import check_free
from tests.e2e.service import ROOT, free_port

PATIENCE = 120
"""Seconds for the service to come up, on a busy machine."""


class Dev:
    """`python -m local dev`, with its own ports and directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ports = free_port(18100), free_port(14666)
        self.environment = {
            **os.environ,
            "ROOMCAST_LOCAL_DIR": str(directory),
            "ROOMCAST_PORT": str(self.ports[0]),
            "ROOMCAST_AWS_PORT": str(self.ports[1]),
        }
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> subprocess.Popen[str]:
        """Start it as the leader of a process group, like a command in a terminal."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local", "dev"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return self.process

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the same service to its end."""
        return subprocess.run(
            [sys.executable, "-m", "local", command],
            cwd=ROOT,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
        )

    def wait_for(self, file: str) -> Path:
        """Return a file of its directory once it is there."""
        deadline = time.monotonic() + PATIENCE
        while not (self.directory / file).exists():
            assert self.process is not None
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline, f"{file} did not come"
            time.sleep(0.1)
        return self.directory / file

    def wait_for_line(self, file: str, text: str) -> None:
        """Wait until a file of its directory has the text."""
        path, deadline = self.wait_for(file), time.monotonic() + PATIENCE
        while text not in path.read_text():
            assert time.monotonic() < deadline, f"{text} did not come"
            time.sleep(0.1)

    def left_nothing(self) -> bool:
        """Check that the ports are free again, and that no pid or endpoints are on record."""
        for port in self.ports:
            check_free(port, "")
        left = {"endpoints.json", "aws.pid", "edge.pid", "demo.pid", "tmp"}
        return not left & {path.name for path in self.directory.iterdir()}


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Dev]:
    dev = Dev(tmp_path)
    yield dev
    if dev.process is not None:
        dev.process.kill()
        dev.process.wait()
    dev.run("down")


class TestDev:
    def test_runs_until_it_is_interrupted(self, dev: Dev) -> None:
        process = dev.start()
        endpoints = json.loads(dev.wait_for("endpoints.json").read_text())
        dev.wait_for_line("demo.log", "project.updated")
        again = dev.run("up")
        second = dev.run("dev")
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=20)

        assert endpoints["site_url"] in output
        assert f"/#token={endpoints['admin_token']}&project=" in output
        assert (again.returncode, "running already" in again.stdout) == (0, True)
        assert (second.returncode, "it runs already" in second.stderr) == (1, True)
        assert process.returncode == 0
        assert dev.left_nothing()

    def test_runs_without_the_demo_where_nobody_wants_it(self, dev: Dev) -> None:
        dev.environment["ROOMCAST_DEMO"] = "0"
        process = dev.start()
        dev.wait_for("endpoints.json")
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=20)

        assert "/#token=" in output
        assert not (dev.directory / "demo.log").exists()

    def test_interrupted_start_leaves_nothing(self, dev: Dev) -> None:
        process = dev.start()
        dev.wait_for("deploy.log")
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=20)

        assert process.returncode == 130
        assert dev.left_nothing()

    def test_says_when_the_emulator_dies(self, dev: Dev) -> None:
        process = dev.start()
        dev.wait_for("deploy.log")
        os.kill(int((dev.directory / "aws.pid").read_text()), signal.SIGKILL)
        output, _ = process.communicate(timeout=20)

        assert process.returncode == 1
        assert "emulator: it ended by itself" in output
        assert str(dev.directory / "aws.log") in output
        assert dev.left_nothing()


class TestTakenPort:
    @pytest.mark.parametrize(
        ("setting", "taken"),
        [("ROOMCAST_PORT", "site_url"), ("ROOMCAST_AWS_PORT", "aws_endpoint_url")],
    )
    def test_is_named_and_left_alone(
        self, dev: Dev, endpoints: dict[str, str], setting: str, taken: str
    ) -> None:
        port = endpoints[taken].rpartition(":")[2]
        dev.environment[setting] = port
        refused = dev.run("up")

        assert refused.returncode == 1
        assert f"port {port} of 127.0.0.1 is taken" in refused.stderr
        assert setting in refused.stderr
        assert not any(dev.directory.iterdir())


class TestDown:
    def test_is_fine_when_nothing_runs(self, dev: Dev) -> None:
        stopped = dev.run("down")

        assert (stopped.returncode, stopped.stdout) == (0, "It was not running.\n")

    def test_status_tells(self, dev: Dev) -> None:
        status = dev.run("status")

        assert (status.returncode, "not running" in status.stderr) == (1, True)
