"""What keeping the state of rooms adds to a fan-out, in time of the processor."""

from typing import Any

from benchmarks.functions_environment import of_function
from benchmarks.machine import Cores
from benchmarks.programs import run_python, say
from benchmarks.stub import Stub

ROOMS = (1, 50, 1_000)
FAN_OUT = "1000"
"""Members of the room that the figure is of."""


def measure(stub: Stub, cores: Cores, *, rounds: int) -> dict[str, Any]:
    """Return ms of the processor for an event `with` state and `without`, by members."""
    env = of_function("broadcast", stub, world="page", page_size=max(ROOMS))
    parameters = {"rounds": rounds, "rooms": list(ROOMS)}
    found: dict[str, Any] = run_python(
        "benchmarks.inside.state", parameters, core=cores.sender, env=env
    )
    for members, took in found.items():
        ratio = took["with"] / took["without"]
        say(f"  to {members}: {took['without']:.2f} ms, with state {ratio:.2f} times as much")
    return found
