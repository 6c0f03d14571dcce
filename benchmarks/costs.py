"""What single steps cost in time of the processor: for the simulation in docs/scale.md."""

from benchmarks.functions_environment import of_function
from benchmarks.machine import Cores
from benchmarks.programs import run_python, say
from benchmarks.stub import Stub


def measure(stub: Stub, cores: Cores) -> dict[str, float]:
    """Return `handshake_cpu_ms`, one post included, and `member_read_cpu_us`."""
    env = of_function("broadcast", stub, world="page")
    found: dict[str, float] = run_python("benchmarks.inside.costs", {}, core=cores.sender, env=env)
    say("  " + "  ".join(f"{name} {value:.2f}" for name, value in found.items()))
    return found
