"""The broadcast function as a whole, from event to last answer, against its bare sender."""

from typing import Any

from benchmarks.functions_environment import of_function
from benchmarks.machine import Cores
from benchmarks.programs import run_python, say
from benchmarks.stub import Stub

MEMBERS = 10_000


def measure(stub: Stub, cores: Cores, *, rounds: int) -> dict[str, Any]:
    """Return posts/s and µs/post of handler and sender: `fakes` of stores, or `stub`'s answers."""
    env = of_function("broadcast", stub, world="page", page_size=MEMBERS)
    found = {}
    for name, fakes_answer in (("fakes", True), ("stub", False)):
        answered = stub.requests()
        parameters = {"rounds": rounds, "members": MEMBERS, "fakes_answer": fakes_answer}
        found[name] = run_python(
            "benchmarks.inside.broadcast", parameters, core=cores.sender, env=env
        )
        stub.expect(2 * MEMBERS * (rounds + 1), since=answered)
        handler, sender = (found[name][part]["posts_per_s"] for part in ("handler", "sender"))
        say(f"  members from {name}: handler {handler:,.0f} posts/s, sender {sender:,.0f}")
    return found
