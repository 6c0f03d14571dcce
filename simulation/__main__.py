"""`python -m simulation simulate` and `python -m simulation check`: see `--help`."""

import argparse
import sys
import time
from functools import partial

from benchmarks import stub
from benchmarks.machine import ROOT, CannotMeasure, cores
from benchmarks.programs import alone, say
from simulation import check, markdown
from simulation.constants import Constants, values
from simulation.tables import CALCULATED, SIMULATED, TABLES

DOCUMENTS = (ROOT / "docs/scale.md", ROOT / "docs/cost.md")


def main() -> int:
    """Do what was asked for; return 1 when the check is not within its tolerance."""
    parser = argparse.ArgumentParser(
        prog="python -m simulation",
        description="How the service scales, from 1,000 to 1,000,000 connections (docs/scale.md), "
        "and what it costs (docs/cost.md).",
        epilog="See `python -m simulation simulate --help` for the tables and their options.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    simulate = commands.add_parser(
        "simulate",
        help="print the tables of both documents, or write them into them",
        description="Print tables of both documents: all of them, or those that are named.",
        epilog=f"""Simulated, each in seconds up to a minute: {", ".join(SIMULATED)}.
            Calculated, at once: {", ".join(CALCULATED)}.""",
    )
    simulate.add_argument("tables", nargs="*", metavar="table", help="a name from the list below")
    simulate.add_argument(
        "--write", action="store_true", help="write them into the documents instead"
    )
    simulate.add_argument(
        "--here",
        action="store_true",
        help="use what `make bench` has measured on this machine, not what constants.json records",
    )
    commands.add_parser(
        "check",
        help="compare the simulation with real runs on this machine",
        description=f"""Deliver events with the real broadcast function against a local server,
            simulate the same, and compare. It takes some minutes on a machine with nothing else to
            do, and fails when the two differ by more than {check.TOLERANCE:.0%}.""",
    )
    chosen = parser.parse_args()
    if chosen.command == "check":
        return _check()
    unknown = [name for name in chosen.tables if name not in TABLES]
    if unknown:
        parser.error(f"expected tables among {', '.join(TABLES)}, got {unknown[0]!r}")
    return _simulate(chosen.tables, here=chosen.here, write=chosen.write)


def _simulate(names: list[str], *, here: bool, write: bool) -> int:
    constants = Constants.of(values(here=here))
    tables = {name: partial(TABLES[name], constants) for name in names or TABLES}
    if write:
        for document in DOCUMENTS:
            markdown.fill(document, tables)
        return 0
    for name, table in tables.items():
        started = time.monotonic()
        written = table()
        say(f"\n{name}  [{time.monotonic() - started:.1f} s]\n\n{written}")
    return 0


def _check() -> int:
    on = cores()
    with alone(), stub.running(on.stub) as running:
        found = check.measure(running, on)
    return 0 if found["within_tolerance"] else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotMeasure as exc:
        sys.exit(f"not measured: {exc}")
