"""End to end: the service deployed on this machine, beside whatever `make dev` runs.

It takes free ports and a directory of its own, `.local/e2e-gw0`; each of the processes of
`pytest -n 3` has its own. ROOMCAST_ENDPOINTS names the `endpoints.json` of a service that runs
already and is to be tested instead.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from roomcast import EventBroadcaster
from tests.e2e.chromium import running_chromium
from tests.e2e.service import ROOT, WORKER, running

# Clients in other languages run on the Node of the virtual environment.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="session")
def endpoints() -> Iterator[dict[str, str]]:
    """Return what `endpoints.json` of the running service says."""
    with running(f".local/e2e-{WORKER}") as found:
        yield found


@pytest.fixture(scope="session")
def chromium() -> Iterator[str]:
    """Return where the browser is reached."""
    with running_chromium() as address:
        yield address


@pytest.fixture(scope="session")
def dashboard() -> None:
    """Build what the edge serves, if that is not of today's sources."""
    subprocess.run(["make", "--silent", "dashboard"], cwd=ROOT, check=True)


@pytest.fixture
def broadcaster(endpoints: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> EventBroadcaster:
    """Return a publisher configured as a user's program is: by the environment."""
    monkeypatch.setenv("ROOMCAST_EVENT_BUS", endpoints["event_bus_name"])
    monkeypatch.setenv("ROOMCAST_DATA_BUCKET", endpoints["data_bucket"])
    monkeypatch.setenv("ROOMCAST_ROOM_KINDS", endpoints["room_kinds"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoints["aws_endpoint_url"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", endpoints["region"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return EventBroadcaster().init()
