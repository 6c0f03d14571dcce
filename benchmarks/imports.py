"""Cold start: what importing each function takes, against boto3 with one client."""

import sys
import time
from collections.abc import Mapping
from typing import Any

from benchmarks.functions_environment import of_function
from benchmarks.machine import Cores
from benchmarks.medians import medians
from benchmarks.programs import run, run_python, say
from benchmarks.stub import Stub

WEBSOCKET = ("connect", "disconnect", "subscribe", "broadcast", "open", "heartbeat", "deadline")
"""Functions that clients wait for: the slowest of them is compared."""

OTHERS = ("count", "status", "webhooks")

BARE = "python"
BOTO3 = "boto3 + one client"

STATEMENTS: Mapping[str, str] = {
    BARE: "pass",
    BOTO3: "import boto3; boto3.client('dynamodb')",
    **{name: f"import functions.{name}.handler" for name in (*WEBSOCKET, *OTHERS)},
}


def measure(stub: Stub, cores: Cores, *, rounds: int) -> dict[str, Any]:
    """Return milliseconds, medians of `rounds`: of whole processes, and of calls within them."""
    processes = [_processes(stub, cores) for _ in range(rounds + 1)][1:]  # the first writes .pyc
    whole = medians(processes)
    say("  " + "  ".join(f"{name} {value:.0f} ms" for name, value in whole.items()))
    functions = (*WEBSOCKET, *OTHERS)
    calls = {name: _calls(name, stub, cores, rounds=max(1, rounds // 3)) for name in functions}
    say("  first calls: " + "  ".join(f"{n} {c['first_ms']:.0f} ms" for n, c in calls.items()))
    return {"process_ms": whole, "calls": calls}


def _processes(stub: Stub, cores: Cores) -> dict[str, float]:
    """Return what each statement takes, from the start of its interpreter to its end."""
    took = {}
    for name, statement in STATEMENTS.items():
        env = of_function(name.partition(" ")[0], stub, world="row")
        started = time.perf_counter()
        run([sys.executable, "-c", statement], core=cores.sender, env=env)
        took[name] = (time.perf_counter() - started) * 1000
    return took


def _calls(name: str, stub: Stub, cores: Cores, *, rounds: int) -> dict[str, float]:
    env = of_function(name, stub, world="row")
    module = "benchmarks.inside.first_call"
    return medians(
        [run_python(module, {"function": name}, core=cores.sender, env=env) for _ in range(rounds)]
    )
