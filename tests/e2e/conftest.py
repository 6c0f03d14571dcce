"""End to end: the service deployed on this machine, beside whatever `make dev` runs.

It takes free ports and a directory of its own, `.local/e2e`. ROOMCAST_ENDPOINTS names the
`endpoints.json` of a service that runs already and is to be tested instead.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.ports import PortTaken, check_free
from roomcast import EventBroadcaster

# Clients in other languages run on the Node of the virtual environment.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

ROOT = Path(__file__).parents[2]
DIRECTORY = ".local/e2e"

SETTINGS = "page_size=20"
"""So that a room of a few dozen clients takes several pages, and with them the queue."""


@pytest.fixture(scope="session")
def endpoints() -> Iterator[dict[str, str]]:
    """Return what `endpoints.json` of the running service says."""
    running = os.environ.get("ROOMCAST_ENDPOINTS")
    if running:
        yield json.loads(Path(running).read_text())
        return
    environment = {
        **os.environ,
        "ROOMCAST_LOCAL_DIR": DIRECTORY,
        "ROOMCAST_PORT": str(free_port(18000)),
        "ROOMCAST_AWS_PORT": str(free_port(14566)),
        "ROOMCAST_SETTINGS": SETTINGS,
    }
    local("down", environment)  # what a killed run has left behind
    local("up", environment)
    try:
        yield json.loads((ROOT / DIRECTORY / "endpoints.json").read_text())
    finally:
        local("down", environment)


@pytest.fixture
def broadcaster(endpoints: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> EventBroadcaster:
    """Return a publisher configured as a user's program is: by the environment."""
    monkeypatch.setenv("ROOMCAST_EVENT_BUS", endpoints["event_bus_name"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoints["aws_endpoint_url"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", endpoints["region"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return EventBroadcaster().init()


def local(command: str, environment: dict[str, str]) -> None:
    """Run a command of the local service; its output is the failure's message."""
    done = subprocess.run(
        [sys.executable, "-m", "local", command],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def free_port(first: int) -> int:
    """Find a port that nobody listens on, below those that outgoing connections are given."""
    for port in range(first, first + 100):
        try:
            check_free(port, "")
        except PortTaken:
            continue
        return port
    raise PortTaken(f"no port from {first} on is free")
