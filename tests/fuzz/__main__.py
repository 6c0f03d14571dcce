"""`python -m tests.fuzz`: runs the targets, prints a table, exits with 1 when a promise broke."""

import argparse
import secrets
import sys
import time
from dataclasses import dataclass, field

from tests.fuzz.targets import Target, quiet, targets

MILLION = 1_000_000
MOST_SHOWN = 3


@dataclass(slots=True)
class Outcome:
    """What came of one target."""

    inputs: int = 0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)


def run(target: Target, inputs: int) -> Outcome:
    """Check `inputs` inputs of a target; note each that breaks its promise, with the error."""
    outcome = Outcome()
    begun = time.perf_counter()
    for _ in range(inputs):
        made = target.make()
        outcome.inputs += 1
        try:
            target.check(made)
        except Exception as exc:  # whatever is raised breaks the promise
            outcome.broken.append(f"{made!r}\n    {type(exc).__name__}: {exc}")
    outcome.seconds = time.perf_counter() - begun
    return outcome


def main() -> int:
    """Run all targets; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=MILLION, help="in all (default: a million)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="makes them again")
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}: `--seed {chosen.seed}` makes the same inputs again", flush=True)
    total = broken = 0
    begun = time.perf_counter()
    print(f"{'target':<17}{'inputs':>10}{'seconds':>9}{'broken':>8}")
    with quiet():
        for target in targets(chosen.seed):
            outcome = run(target, -int(-chosen.inputs * target.share // 1))
            total, broken = total + outcome.inputs, broken + len(outcome.broken)
            figures = f"{outcome.inputs:>10,}{outcome.seconds:>9.1f}{len(outcome.broken):>8}"
            print(f"{target.name:<17}{figures}", flush=True)
            for shown in outcome.broken[:MOST_SHOWN]:
                print(f"  broken: {target.promise}\n    {shown}")
    print(f"{'all':<17}{total:>10,}{time.perf_counter() - begun:>9.1f}{broken:>8}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
