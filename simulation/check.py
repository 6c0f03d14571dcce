"""The simulation against the real broadcast function on this machine.

Both are told the same times of DynamoDB, SQS and API Gateway. What single steps cost the processor
is measured beforehand, each on its own; nothing is fitted to the result.
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from benchmarks.functions_environment import of_function
from benchmarks.machine import CannotMeasure, Cores
from benchmarks.medians import medians
from benchmarks.programs import run_python, say
from benchmarks.stub import Stub
from benchmarks.traffic import NO_LIMIT
from roomcast_backend.settings import Settings
from simulation import this_machine
from simulation.cases import CASES, Case, Timing
from simulation.markdown import percent
from simulation.real import run
from simulation.real.quiet import go_first
from simulation.this_machine import Steps

TOLERANCE = 0.25
"""What the simulated time to the last member may be off by, of the real one."""

HEAD = (
    "| room | members | `page_size` | posts/s | cold: real | simulated | off "
    "| warm: real | simulated | off |",
    "|---|---|---|---|---|---|---|---|---|---|",
)


def measure(stub: Stub, cores: Cores) -> dict[str, Any]:
    """Compare all cases, print a table; return every case and by how much the worst one is off.

    A machine's speed changes with what others do on its host: single steps are measured before each
    case and after the last one, and the medians taken.
    """
    timings: list[Timing] = []
    with _first_on(cores.stub, stub):
        measured = [_calibrate(stub, cores.sender)]
        for number, case in enumerate(CASES):
            say(f"  {number + 1}/{len(CASES)} {case.room}, {case.members:,} members")
            timings.append(run.timing(case, stub, core=cores.sender))
            measured.append(_calibrate(stub, cores.sender))
    steps = Steps(**medians(measured))
    for line in HEAD:
        say(line)
    found = []
    for case, real in zip(CASES, timings, strict=True):
        simulated = this_machine.timing(case, steps)
        say(_row(case, real, simulated))
        found.append({**asdict(case), "real": asdict(real), "simulated": asdict(simulated)})
    worst = max((off for case in found for off in _offs(case)), key=abs)
    say(f"\nOff by {worst:+.0%} at most; up to {percent(TOLERANCE)} is expected. In microseconds:")
    say(", ".join(f"{name} {seconds * 1e6:.1f}" for name, seconds in asdict(steps).items()))
    return {
        "cases": found,
        "steps": asdict(steps),
        "worst_off": worst,
        "within_tolerance": abs(worst) <= TOLERANCE,
    }


@contextmanager
def _first_on(core: int, stub: Stub) -> Iterator[None]:
    """Let this process have a core, the stub's too, and both go before others meanwhile."""
    usual, nice = os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0)
    os.sched_setaffinity(0, {core})
    go_first(0, stub.pid)
    try:
        yield
    finally:
        os.sched_setaffinity(0, usual)
        os.setpriority(os.PRIO_PROCESS, 0, nice)


def _calibrate(stub: Stub, core: int) -> dict[str, float]:
    """Measure single steps in a quiet moment."""
    for _ in range(run.TRIES):
        rest = _steps(stub, core, "rest", times=1)
        if rest.pop("others") <= run.MOST_BY_OTHERS:
            return rest | _steps(stub, core, "pages", times=Settings().page_workers)
        time.sleep(run.PATIENCE)
    raise CannotMeasure("the machine is busy with something else: no quiet moment was found")


def _steps(stub: Stub, core: int, what: str, *, times: int) -> dict[str, float]:
    """Return what processes measure, so many at a time: the medians."""
    url = stub.url(run.STAGE)
    environment = {
        **of_function("broadcast", stub, world="row"),
        "ROOMCAST_CALLBACK_URL": url,
        "ROOMCAST_POSTS_PER_SECOND": str(NO_LIMIT),
    }
    parameters = {"url": url, "stub_pid": stub.pid, "what": what}
    module = "simulation.real.calibrate"
    with ThreadPoolExecutor(times) as pool:
        runs = [
            pool.submit(run_python, module, parameters, core=core, env=environment)
            for _ in range(times)
        ]
        return medians([one.result() for one in runs])


def _row(case: Case, real: Timing, simulated: Timing) -> str:
    cells = [case.room.partition(":")[0], f"{case.members:,}", f"{case.page_size:,}"]
    cells.append(f"{case.posts_per_second:,}")
    for name in ("cold", "warm"):
        ours, theirs = getattr(real, name), getattr(simulated, name)
        cells += [f"{ours * 1e3:,.0f} ms", f"{theirs * 1e3:,.0f} ms", f"{theirs / ours - 1:+.0%}"]
    return f"| {' | '.join(cells)} |"


def _offs(case: dict[str, Any]) -> Iterator[float]:
    for name, real in case["real"].items():
        yield case["simulated"][name] / real - 1
