"""The broadcast function's memory as rooms grow."""

from typing import Any

from benchmarks.functions_environment import of_function
from benchmarks.machine import Cores
from benchmarks.programs import run_python, say
from benchmarks.stub import Stub

SMALL_ROOM = 1_000
LARGE_ROOM = 1_000_000


def measure(stub: Stub, cores: Cores, *, large: int = LARGE_ROOM) -> dict[str, Any]:
    """Return the peak of memory for a `small` room and for a `large` one, a process for each."""
    found = {}
    for name, members in (("small", SMALL_ROOM), ("large", large)):
        answered = stub.requests()
        found[name] = run_python(
            "benchmarks.inside.memory",
            {"members": members},
            core=cores.sender,
            env=of_function("broadcast", stub, world="page"),
        )
        stub.expect(members, since=answered)
        peak, seconds = found[name]["peak_rss_mb"], found[name]["seconds"]
        say(f"  {members:,} members: at most {peak:.1f} MB, {seconds:.1f} s")
    return found
