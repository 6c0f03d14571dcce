"""`python -m benchmarks [part ...]`, or `make bench ARGS="part ..."`."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks import cold, commands, costs, handler, imports, memory, senders, state, stub
from benchmarks.machine import BENCH, CannotMeasure, Cores, cores, described
from benchmarks.programs import alone, say
from benchmarks.report import markdown, results
from benchmarks.stub import Stub

QUICK_ROOM = 20_000

Part = Callable[[Stub, Cores, argparse.Namespace], Any]

PARTS: dict[str, tuple[str, Part]] = {
    "imports": (
        "import and first call of every function, against boto3",
        lambda stub, cores, chosen: imports.measure(stub, cores, rounds=chosen.rounds or 9),
    ),
    "cold": (
        "the first 1,000 posts of a fresh process, against boto3",
        lambda stub, cores, chosen: cold.measure(stub, cores, rounds=chosen.rounds or 7),
    ),
    "senders": (
        "posts/s and CPU per post: ours and those of peers",
        lambda stub, cores, chosen: senders.measure(
            stub, cores, rounds=chosen.rounds or 5, seconds=chosen.seconds, senders=chosen.senders
        ),
    ),
    "handler": (
        "the whole broadcast function against its sender",
        lambda stub, cores, chosen: handler.measure(stub, cores, rounds=chosen.rounds or 15),
    ),
    "state": (
        "what keeping the state of rooms adds to an event",
        lambda stub, cores, chosen: state.measure(stub, cores, rounds=chosen.rounds or 9),
    ),
    "memory": (
        "peak memory with 1,000 and with 1,000,000 members",
        lambda stub, cores, chosen: memory.measure(
            stub, cores, large=QUICK_ROOM if chosen.quick else memory.LARGE_ROOM
        ),
    ),
    "commands": (
        "frames of clients per second",
        lambda stub, cores, chosen: commands.measure(stub, cores, rounds=chosen.rounds or 7),
    ),
    "costs": (
        "single steps: handshake, reading a member",
        lambda stub, cores, _chosen: costs.measure(stub, cores),
    ),
}


def main() -> int:
    """Measure what was asked for; return 1 when something could not be measured."""
    chosen = _arguments()
    started = time.monotonic()
    machine = described(quick=chosen.quick)
    raw, failures = _measure(chosen)
    record = markdown(machine, raw)
    BENCH.joinpath("results.json").write_text(json.dumps(results(machine, raw), indent=2) + "\n")
    BENCH.joinpath("record.md").write_text(record)
    say(f"\n{record}")
    say(f"{time.monotonic() - started:.0f} s. Written: .bench/results.json, .bench/record.md")
    for failure in failures:
        say(failure)
    return 1 if failures else 0


def _measure(chosen: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """Return what was measured, by part, and why other parts were not."""
    raw: dict[str, Any] = {}
    failures = []
    on = cores()
    if on.are_shared:
        say("One core only: the stub takes time from the sender, posts/s mean little.")
    with alone(), stub.running(on.stub) as running:
        for name in chosen.parts or PARTS:
            words, part = PARTS[name]
            say(f"\n{name}: {words}")
            try:
                raw[name] = part(running, on, chosen)
            except CannotMeasure as exc:
                failures.append(f"{name} was not measured: {exc}")
                say(failures[-1])
    return raw, failures


def _arguments() -> argparse.Namespace:
    listed = "\n".join(f"  {name:<9} {words}" for name, (words, _) in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"Measure, print tables, write .bench/results.json. Parts:\n{listed}",
        epilog="benchmarks/README.md says how to read the figures.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="part", help="default: all of them")
    parser.add_argument("--rounds", type=int, help="how often each is measured, in turns")
    parser.add_argument("--seconds", type=float, default=1.5, help="for each sender in each round")
    known = (*senders.SENDERS, *(name for name in senders.OURS if name not in senders.SENDERS))
    parser.add_argument(
        "--senders", nargs="+", choices=known, default=senders.SENDERS, metavar="name",
        help="of the part senders: " + ", ".join(known),
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="see that all of it works; no figures")
    chosen = parser.parse_args()
    for name in chosen.parts:
        if name not in PARTS:
            parser.error(f"expected parts among {', '.join(PARTS)}, got {name!r}")
    if chosen.quick:
        chosen.rounds, chosen.seconds = 1, 0.3
    return chosen


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotMeasure as exc:
        sys.exit(f"not measured: {exc}")
