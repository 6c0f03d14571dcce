"""Formats results: a table for people, JSON for programs."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Any, Final

from roomcast.cli.doctor.check import Check
from roomcast.cli.doctor.finding import Result, exit_code

FOUND_WIDTH: Final = 50
ADVICE_WIDTH: Final = 40
RESULT_WIDTH: Final = len("skipped")

REMAINS: Final = (
    "rows of the replay log, deleted by their TTL (replay_hours, 24 by default)",
    "rows of webhook deliveries, deleted by their TTL after 4 days",
    "rows of Socket.IO sessions that could be recovered, deleted by their TTL after 3 to 5 hours",
    "the count of emitted events, log lines, metrics and their cost",
)
"""What a run leaves behind by nature; docs/operations.md repeats it."""


def table(results: Sequence[Result]) -> Iterator[str]:
    """Yield the lines of a table: check, result, what was found, what to do."""
    width = max(len("check"), *(len(result.name) for result in results))
    yield _line(width, "check", "result", "found", "what to do")
    yield _line(width, "-" * width, "-" * RESULT_WIDTH, "-" * FOUND_WIDTH, "-" * len("what to do"))
    for result in results:
        finding = result.finding
        cells = zip_longest(
            [result.name],
            [str(finding.verdict)],
            wrap(finding.text, FOUND_WIDTH),
            wrap(finding.advice, ADVICE_WIDTH),
            fillvalue="",
        )
        yield from (_line(width, *row) for row in cells)


def report(results: Sequence[Result], *, deployment: str, checks: Iterable[Check]) -> Any:
    """Return the results as JSON values."""
    rows = {check.name: list(check.rows) for check in checks}
    return {
        "deployment": deployment,
        "exit_code": exit_code(results),
        "checks": [
            {
                "check": result.name,
                "result": str(result.finding.verdict),
                "found": result.finding.text,
                "what_to_do": result.finding.advice,
                "figures": dict(result.finding.figures),
                "seconds": round(result.seconds, 1),
                "rows": rows.get(result.name, []),
            }
            for result in results
        ],
        "remains": list(REMAINS),
    }


def _line(width: int, name: str, result: str, found: str, advice: str) -> str:
    return f"{name:<{width}}  {result:<{RESULT_WIDTH}}  {found:<{FOUND_WIDTH}}  {advice}".rstrip()
