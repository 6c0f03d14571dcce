"""Posts per second and CPU per post: ours and other senders, at the same stub, in turns."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.machine import Cores
from benchmarks.medians import medians
from benchmarks.peers import wrk
from benchmarks.peers.load import Parameters
from benchmarks.programs import peers_python, run_python, say
from benchmarks.stub import Stub
from benchmarks.traffic import IN_FLIGHT, credentials

OURS = ("roomcast", "sender", "transport")
"""What a fan-out posts with, and what it is made of: without the gateway, without the signing."""

IN_OUR_ENVIRONMENT = (*OURS, "boto3_threads")
"""Senders that run with the project's own libraries; the others have `.bench/venv`."""

SENDERS = (
    "wrk",
    "roomcast",
    "transport",
    "pycurl_multi",
    "aiohttp_tasks",
    "aiobotocore_tasks",
    "boto3_threads",
)
"""Those of a whole run."""

STAGES = ("now", "10ms")
WARMUP_SECONDS = 0.7

Result = dict[str, dict[str, dict[str, Any]]]
"""By stage and sender: posts_per_s, cpu_us_per_post, cpu_share (of the core), peak_rss_mb."""


def measure(
    stub: Stub, cores: Cores, *, rounds: int, seconds: float, senders: Sequence[str] = SENDERS
) -> Result:
    """Let the senders post in turns, `rounds` times for `seconds`; return the medians."""
    if set(senders) - {"wrk", *IN_OUR_ENVIRONMENT}:
        peers_python()  # made now, not in the first round
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for stage in STAGES:
        of_stage = found[stage] = {name: [] for name in senders}
        for turn in range(rounds):
            for name in senders:
                once = _once(name, stub, cores, stage=stage, seconds=seconds)
                of_stage[name].append(once)
                say(
                    f"  {stage:>4} {turn + 1}/{rounds} {name:<18} {once['posts_per_s']:>8,.0f} "
                    f"posts/s  {once['cpu_us_per_post']:>7.1f} µs/post  "
                    f"{once['cpu_share']:>4.0%} of the core"
                )
    return {
        stage: {name: medians(values) for name, values in of_stage.items()}
        for stage, of_stage in found.items()
    }


def _once(name: str, stub: Stub, cores: Cores, *, stage: str, seconds: float) -> dict[str, Any]:
    parameters = Parameters(stub.url(stage), WARMUP_SECONDS, seconds, IN_FLIGHT)
    if name == "wrk":
        return wrk.measure(parameters, stub, core=cores.sender)
    result: dict[str, Any] = run_python(
        f"benchmarks.peers.{name}",
        asdict(parameters),
        python=sys.executable if name in IN_OUR_ENVIRONMENT else peers_python(),
        core=cores.sender,
        env=credentials(stub.authority),
    )
    return result
