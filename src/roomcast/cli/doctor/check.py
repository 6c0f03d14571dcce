"""A check: its name, what it proves, and how long it may take."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from roomcast.cli.doctor.finding import Finding
from roomcast.cli.doctor.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of a deployment.

    `rows` are the ids in docs/aws.md that it covers, `seconds` its time limit. A check that `takes
    long` runs only when it is asked for by name. `run` returns a finding, or raises `CheckFailed`
    or `CheckSkipped`; it removes what it has created, even when it is cancelled.
    """

    name: str
    proves: str
    rows: tuple[str, ...] = ()
    seconds: float
    takes_long: bool = False
    run: Callable[[Target], Awaitable[Finding]]
