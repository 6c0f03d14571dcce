"""What a check finds, and what follows from all findings for the exit code."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

PASSED: Final = 0
FAILED: Final = 1
COULD_NOT_RUN: Final = 2
"""The exit codes: no check failed; at least one failed; no check could run."""


class Verdict(StrEnum):
    """The result of one check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict with its reason, and with what to do about it.

    `figures` holds measured numbers by name, for `--json`; times are in milliseconds.
    """

    verdict: Verdict
    text: str
    advice: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What the check `name` found in `seconds`."""

    name: str
    finding: Finding
    seconds: float


class CheckFailed(Exception):
    """The deployment does not behave as promised; `advice` says what to do."""

    def __init__(self, text: str, advice: str = "") -> None:
        self.advice = advice
        super().__init__(text)


class CheckSkipped(Exception):
    """The check cannot run here; the message is the reason."""


def ok(text: str, **figures: float) -> Finding:
    """Return the finding of a check that passed."""
    return Finding(Verdict.OK, text, figures=figures)


def warning(text: str, advice: str, **figures: float) -> Finding:
    """Return the finding of a check that passed, but shows something to act on."""
    return Finding(Verdict.WARNING, text, advice, figures)


def exit_code(results: Iterable[Result]) -> int:
    """Return the command's exit code; when every check was skipped, nothing could run."""
    verdicts = {result.finding.verdict for result in results}
    if Verdict.FAILED in verdicts:
        return FAILED
    return PASSED if verdicts & {Verdict.OK, Verdict.WARNING} else COULD_NOT_RUN
