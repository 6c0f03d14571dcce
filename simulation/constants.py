"""The figures that the simulation is made of, each with its source: constants.json.

What `make bench` has measured on this machine takes the place of what was recorded.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from benchmarks.machine import BENCH
from simulation.latency import Latency

RECORDED = Path(__file__).with_name("constants.json")
RESULTS = BENCH / "results.json"

MEASURED = "measured here"
PER_SECOND = {"us": 1e6, "ms": 1e3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """Times in seconds, those of a processor on a whole core of the machine measured on."""

    post_cpu_at_10ms: float
    handshake_cpu: float
    idle_connection_cpu: float
    member_read_cpu: float
    invocation_cpu: float
    cold_start: float
    first_page_cpu: float
    core_speed: float
    vcpu_mb: float
    concurrency: int
    pollers_at_first: int
    pollers_more_per_minute: float
    account_requests_per_s: float
    account_burst: float
    partition_reads_per_s: float
    partition_writes_per_s: float
    connects_per_s: float
    bus: Latency
    queue: Latency
    post: Latency
    query: Latency
    query_per_kb: float
    write: Latency
    send_message: Latency
    sandbox: Latency
    round_trip: float
    first_cpu: float = 0.0  # of a first invocation after the imports; `cold_start` has it in it

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Read values by their names in constants.json: the same, with the unit of a time."""
        return cls(**dict(_in_seconds(name, value) for name, value in values.items()))

    def speed(self, memory: int) -> float:
        """Return how fast a function with so many MB is, of one core: Python uses no second one."""
        return self.core_speed * min(1.0, memory / self.vcpu_mb)


def recorded() -> dict[str, dict[str, Any]]:
    """Return what constants.json says: by name `value`, `kind` and `source`."""
    found: dict[str, dict[str, Any]] = json.loads(RECORDED.read_text())
    return found


def measured() -> dict[str, float]:
    """Return what a whole run of `make bench` has measured on this machine, if there was one."""
    if not RESULTS.exists():
        return {}
    results = json.loads(RESULTS.read_text())
    if results.get("quick"):
        return {}
    wanted = {name for name, entry in recorded().items() if entry["kind"] == MEASURED}
    return {name: value for name, value in results["constants"].items() if name in wanted}


def values(*, here: bool = False) -> dict[str, Any]:
    """Return all values; those that were measured `here` instead of the recorded ones."""
    found = {name: entry["value"] for name, entry in recorded().items()}
    return {**found, **measured()} if here else found


def _in_seconds(name: str, value: Any) -> tuple[str, Any]:
    words = name.split("_")
    unit = next((word for word in words if word in PER_SECOND), None)
    if unit is None:
        return name, value
    words.remove(unit)
    time = Latency.of(value) if isinstance(value, dict) else value / PER_SECOND[unit]
    return "_".join(words), time
