"""Frames of clients: what the subscribe function answers per second on one core."""

from typing import Any

from benchmarks.functions_environment import of_function
from benchmarks.machine import Cores
from benchmarks.programs import run_python, say
from benchmarks.stub import Stub

FRAMES = {"fakes": 5000, "stub": 500}
"""In one round of each command; with the stub every frame waits for answers over TLS."""


def measure(stub: Stub, cores: Cores, *, rounds: int) -> dict[str, Any]:
    """Return frames per second by command: with `fakes` of stores, or with the `stub`'s answers."""
    env = of_function("subscribe", stub, world="row")
    found = {}
    for name, count in FRAMES.items():
        found[name] = run_python(
            "benchmarks.inside.commands",
            {"rounds": rounds, "count": count, "fakes_answer": name == "fakes"},
            core=cores.sender,
            env=env,
        )
        rates = "  ".join(
            f"{command} {rate['per_s']:,.0f}/s" for command, rate in found[name].items()
        )
        say(f"  stores from {name}: {rates}")
    return found
