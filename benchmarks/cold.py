"""A fresh process and its first 1,000 posts: imports, TLS, signing and all."""

import sys
import time
from typing import Any

from benchmarks.machine import Cores
from benchmarks.medians import medians
from benchmarks.programs import run, say
from benchmarks.stub import Stub
from benchmarks.traffic import credentials

POSTS = 1000
SENDERS = ("roomcast", "boto3_threads")


def measure(stub: Stub, cores: Cores, *, rounds: int) -> dict[str, Any]:
    """Return seconds from the start of each sender's process to its end, medians of `rounds`."""
    took: list[dict[str, float]] = []
    for turn in range(-1, rounds):  # the first round, which writes .pyc files, does not count
        once = {name: _once(name, stub, cores) for name in SENDERS}
        if turn >= 0:
            took.append(once)
            of_each = "  ".join(f"{name} {seconds:.3f} s" for name, seconds in once.items())
            say(f"  {turn + 1}/{rounds} {of_each}")
    return {"posts": POSTS, "seconds": medians(took)}


def _once(name: str, stub: Stub, cores: Cores) -> float:
    command = [sys.executable, "-m", f"benchmarks.first_posts.{name}", stub.url("now"), str(POSTS)]
    answered = stub.requests()
    started = time.perf_counter()
    run(command, core=cores.sender, env=credentials(stub.authority))
    took = time.perf_counter() - started
    stub.expect(POSTS, since=answered)
    return took
