"""The machine that is measured on: its cores, and what to say about it in a record."""

import os
import platform
import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BENCH = ROOT / ".bench"
"""Everything that a benchmark leaves on the disk."""

PEERS = ROOT / "benchmarks/peers.txt"
"""What `.bench/venv` holds."""

LIBRARIES = ("boto3", "httptools", "aws-lambda-powertools", "pydantic", "pyjwt")
MEASURED_PEERS = ("aiobotocore", "aiohttp", "uvloop", "pycurl")
"""Whose versions a record names."""


class CannotMeasure(RuntimeError):
    """A measurement cannot be made; the message says why and what to do about it."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core the stub runs on and which one the sender; the same one if there is only one."""

    stub: int
    sender: int

    @property
    def are_shared(self) -> bool:
        """Whether the stub takes time from the sender: posts/s then mean little."""
        return self.stub == self.sender


def cores() -> Cores:
    """Choose among the cores that this process may use."""
    usable = sorted(os.sched_getaffinity(0))
    return Cores(stub=usable[0], sender=usable[-1])


def load() -> float:
    """Return how many processes wanted a core in the last minute; on a quiet machine hardly one."""
    return os.getloadavg()[0]


def cpu_model() -> str:
    """Return what the processor calls itself."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def peak_rss_mb(pid: int | str = "self") -> float:
    """Return the most memory that a process has had. `getrusage` counts in that of its parent."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = re.search(r"VmHWM:\s+(\d+)", status)
    return int(kilobytes[1]) / 1024 if kilobytes else 0.0


def described(*, quick: bool) -> dict[str, Any]:
    """Return what a record says about when and where it was made."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu_model": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "load_before": load(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "python": platform.python_version(),
        "versions": versions(),
        "quick": quick,
    }


def versions() -> dict[str, str]:
    """Return the versions of the libraries that are measured, ours and the peers'."""
    installed = {name: version(name) for name in LIBRARIES}
    wanted = [line.partition("==") for line in PEERS.read_text().splitlines()]
    peers = {name: pinned for name, _, pinned in wanted if name in MEASURED_PEERS}
    return {"openssl": ssl.OPENSSL_VERSION.split()[1], **installed, **peers}
