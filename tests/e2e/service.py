"""A service of one's own on this machine, beside whatever `make dev` runs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.ports import PortTaken, check_free

ROOT = Path(__file__).parents[2]

KINDS = '{"team":{"claim":"teams"},"run":"authenticated"}'

PRESENCE = "presence_rooms=project presence_grace=3"

SETTINGS = (
    "page_size=20 connections_per_user=250 jwt_leeway=0 jwt_tenant_claim=tenant "
    f"{PRESENCE} room_kinds={KINDS}"
)
"""So that a room of a few dozen clients takes several pages, and with them the queue; two hundred
clients of a test may be one user; teams and runs have rooms, in projects who has left is told after
3 s, and tokens may have a tenant."""


IS_ALONE = "PYTEST_XDIST_WORKER" not in os.environ
"""Whether no other tests run at the same time."""


def promised(seconds: float) -> float:
    """Return within how many seconds something has to happen that is promised within `seconds`.

    Tests that run beside these take the processors from the service: five times as many then.
    """
    return seconds if IS_ALONE else seconds * 5


@contextmanager
def running(directory: str) -> Iterator[dict[str, str]]:
    """Start it, on free ports and in a directory; yield what its `endpoints.json` says; stop it.

    ROOMCAST_ENDPOINTS names the `endpoints.json` of one that runs already and is used instead.
    """
    given = os.environ.get("ROOMCAST_ENDPOINTS")
    if given:
        yield json.loads(Path(given).read_text())
        return
    environment = {
        **os.environ,
        "ROOMCAST_LOCAL_DIR": directory,
        "ROOMCAST_PORT": str(free_port(18000)),
        "ROOMCAST_AWS_PORT": str(free_port(14566)),
        "ROOMCAST_SETTINGS": SETTINGS,
    }
    local("down", environment)  # what a killed run has left behind
    local("up", environment)
    try:
        yield json.loads((ROOT / directory / "endpoints.json").read_text())
    finally:
        local("down", environment)


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


WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
"""Which of the processes that run tests side by side this one is; each has a service of its own."""

PORTS = 25
"""How many ports a process looks at: two may not find the same one free, so each has its own."""

MOST_PROCESSES = 4


def free_port(first: int) -> int:
    """Find a port that nobody listens on, below those that outgoing connections are given."""
    number = int(WORKER.removeprefix("gw"))
    assert number < MOST_PROCESSES, f"the ports are for {MOST_PROCESSES} processes"
    for port in range(first + number * PORTS, first + (number + 1) * PORTS):
        try:
            check_free(port, "")
        except PortTaken:
            continue
        return port
    raise PortTaken(f"no port from {first} on is free")
