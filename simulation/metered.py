"""What each action of the service calls, counted by tests/functional/test_metered.py.

The figures are kept in metered.json: the cost model reads them, docs/cost.md shows them, and the
tests fail when the service does anything else than what is written there.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from infra.functions import FUNCTIONS
from simulation.markdown import shown, table

RECORDED = Path(__file__).with_name("metered.json")

STRANGER = "stranger: "
"""How the names of those actions begin that need no valid token."""

POLLING = "polling: "
"""How the names of those actions begin that clients take with long-polling."""

OVER_HTTP = ("poll", "status", "webhooks")
"""Functions of which each invocation is a request of the HTTP API."""

MEMORY = {row.name: row.memory for row in FUNCTIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """One action: exact numbers, containers warm.

    `sequence` is how many calls end one after the other before the client sees something: the first
    frame that is posted, or the reply; None when it sees nothing. `depth` is the same until all is
    done. `frames_in` and `frames_out` are messages from and to clients, `bytes` the size of those
    to them. `logs` are bytes at the level INFO, `metrics` those of the metrics, at every level.
    `waits` are the seconds that a request of long-polling sleeps.
    """

    calls: Mapping[str, int]
    sequence: int | None
    depth: int
    invocations: Mapping[str, int]
    frames_in: int
    frames_out: int
    bytes: int
    read_units: float
    write_units: int
    logs: int
    metrics: int
    waits: float = 0.0

    @property
    def frames(self) -> int:
        """Messages of up to 32 KB that API Gateway bills."""
        return self.frames_in + self.frames_out

    @property
    def invoked(self) -> int:
        """Invocations of all functions together."""
        return sum(self.invocations.values())

    @property
    def requests(self) -> int:
        """Requests of the HTTP API."""
        return sum(self.invocations.get(name, 0) for name in OVER_HTTP)

    def times(self, name: str) -> int:
        """Return how often an operation is called, by the end of its name."""
        return sum(count for call, count in self.calls.items() if call.endswith(name))


@cache
def recorded() -> dict[str, Metered]:
    """Return the recorded figures by the names of the actions."""
    found: dict[str, dict[str, Any]] = json.loads(RECORDED.read_text())
    return {name: Metered(**values) for name, values in found.items()}


def record(name: str, figures: Metered) -> None:
    """Write the figures of one action in the place of those that are recorded."""
    found = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    found[name] = asdict(figures)
    RECORDED.write_text(json.dumps(found, indent=2) + "\n")
    recorded.cache_clear()


def keep(names: list[str]) -> None:
    """Forget the figures of all other actions, and bring those of these into their order."""
    found = json.loads(RECORDED.read_text())
    RECORDED.write_text(json.dumps({name: found[name] for name in names}, indent=2) + "\n")
    recorded.cache_clear()


def calls_of_actions(_constants: object) -> str:
    """Write the table of all actions but those of strangers and those of long-polling."""
    head = ("action", "calls of AWS", "in sequence before the client sees something", "functions",
            "messages in + out", "bytes to clients", "read units", "write units")  # fmt: skip
    elsewhere = (STRANGER, POLLING)
    own = {name: found for name, found in recorded().items() if not name.startswith(elsewhere)}
    return table(head, [(name, *_cells(figures)) for name, figures in own.items()])


def strangers() -> dict[str, Metered]:
    """Return what those can do who have no valid token, by what they do."""
    return _named(STRANGER)


def polling() -> dict[str, Metered]:
    """Return what clients do with long-polling, by what they do."""
    return _named(POLLING)


def _named(prefix: str) -> dict[str, Metered]:
    return {
        name.removeprefix(prefix): found
        for name, found in recorded().items()
        if name.startswith(prefix)
    }


def _cells(figures: Metered) -> list[str]:
    return [
        counted(figures.calls) or "none",
        "–" if figures.sequence is None else str(figures.sequence),
        counted(figures.invocations),
        f"{figures.frames_in} + {figures.frames_out:,}",
        f"{figures.bytes:,}",
        shown(figures.read_units),
        shown(figures.write_units),
    ]


def counted(counts: Mapping[str, int]) -> str:
    """Write names with how often each one occurs, if it is not once."""
    return ", ".join(
        name if count == 1 else f"{count:,} × {name}" for name, count in sorted(counts.items())
    )
