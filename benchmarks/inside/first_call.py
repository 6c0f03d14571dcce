"""A function's import, its first invocation, and those after it; the stub answers for AWS."""

import importlib
import json
import sys
import time

CALLS = 15
"""Invocations after the first; their median is what a warm one takes."""

BAD_REQUEST = 400


def main(function: str) -> None:
    """Print milliseconds."""
    started = time.perf_counter()
    handler = importlib.import_module(f"functions.{function}.handler").handler
    imported = time.perf_counter()
    # What makes the event, and pyjwt, which connect imports too, is not to be measured.
    from benchmarks.inside.events import usual  # noqa: PLC0415
    from benchmarks.inside.invocation import Context  # noqa: PLC0415

    walls, cpus = [], []
    for _ in range(1 + CALLS):
        event, context = usual(function), Context(f"roomcast-{function}")
        wall, cpu = time.perf_counter(), time.process_time()
        answer = handler(event, context)
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
        _check(answer)
    result = {
        "import_ms": (imported - started) * 1000,
        "first_ms": walls[0],
        "warm_ms": sorted(walls[1:])[CALLS // 2],
        "warm_cpu_ms": sorted(cpus[1:])[CALLS // 2],
    }
    sys.stdout.write(json.dumps(result) + "\n")


def _check(answer: object) -> None:
    """Raise `RuntimeError` for an answer that says that the function did something else."""
    if isinstance(answer, dict) and answer.get("statusCode", 200) >= BAD_REQUEST:
        raise RuntimeError(f"expected success, got {answer}")


if __name__ == "__main__":
    main(json.loads(sys.argv[1])["function"])
