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


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """Times in seconds, those of a processor on a whole core of the machine measured on."""

    post_cpu: float
    handshake_cpu: float
    idle_connection_cpu: float
    member_cpu: float
    invocation_cpu: float
    start_cpu: float
    first_page_cpu: float
    core_speed: float
    vcpu_mb: float
    concurrency: int
    pollers_at_first: int
    pollers_more_per_second: float
    account_rate: float
    account_burst: float
    partition_reads: float
    partition_writes: float
    connects_per_second: float
    bus: Latency
    queue: Latency
    posting: Latency
    querying: Latency
    querying_per_kb: float
    writing: Latency
    sending: Latency
    sandbox: Latency
    round_trip: float
    first_cpu: float = 0.0  # of a first invocation after the imports; `start_cpu` has it in it

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Read values by their names in constants.json."""
        return cls(
            post_cpu=values["post_cpu_us_at_10ms"] / 1e6,
            handshake_cpu=values["handshake_cpu_ms"] / 1e3,
            member_cpu=values["member_read_cpu_us"] / 1e6,
            invocation_cpu=values["invocation_cpu_ms"] / 1e3,
            idle_connection_cpu=values["idle_connection_cpu_us"] / 1e6,
            start_cpu=values["cold_start_ms"] / 1e3,
            first_page_cpu=values["first_page_cpu_ms"] / 1e3,
            core_speed=values["core_speed"],
            vcpu_mb=values["vcpu_mb"],
            concurrency=values["concurrency"],
            pollers_at_first=values["pollers_at_first"],
            pollers_more_per_second=values["pollers_more_per_minute"] / 60,
            account_rate=values["account_requests_per_s"],
            account_burst=values["account_burst"],
            partition_reads=values["partition_reads_per_s"],
            partition_writes=values["partition_writes_per_s"],
            connects_per_second=values["connects_per_s"],
            bus=Latency.of(values["bus_ms"]),
            queue=Latency.of(values["queue_ms"]),
            posting=Latency.of(values["post_ms"]),
            querying=Latency.of(values["query_ms"]),
            querying_per_kb=values["query_ms_per_kb"] / 1e3,
            writing=Latency.of(values["write_ms"]),
            sending=Latency.of(values["send_message_ms"]),
            sandbox=Latency.of(values["sandbox_ms"]),
            round_trip=values["round_trip_ms"] / 1e3,
        )

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
