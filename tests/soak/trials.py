"""Trials of one fault at one call after the other, and what must have come of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.faults import FaultPlan, Report

MOST = 60
"""Calls of an invocation that are tried at most."""


@dataclass(slots=True)
class Series:
    """One fault at the calls 1, 2, … of an invocation, each with an event of its own.

    `least` is the number of calls that every such invocation makes. `texts` tell its payload from
    others that have the event's id as well. `wave` calls are tried side by side; the series goes on
    with as many while each of them is made.
    """

    name: str
    fault: dict[str, Any]
    least: int
    texts: tuple[str, ...] = ()
    wave: int = 12
    events: dict[int, str] = field(default_factory=dict)

    def next_calls(self) -> range:
        """Return the calls that are tried next."""
        return range(len(self.events) + 1, len(self.events) + 1 + self.wave)

    def plan(self, plan: FaultPlan, call: int, event: str) -> str:
        """Plan the fault at a call, for the invocation with an event; return the event."""
        self.events[call] = event
        plan.add(event, *self.texts, call=call, **self.fault)
        return event

    def of(self, report: Report) -> list[dict[str, Any]]:
        """Return what came of this series."""
        events = set(self.events.values())
        return [each for each in report if events & set(each["texts"]) and self._is_own(each)]

    def is_over(self, report: Report) -> bool:
        """Tell whether each of its invocations has ended."""
        return all(each["ended"] for each in self.of(report))

    def goes_on(self, report: Report) -> bool:
        """Tell whether every invocation has made the call it was tried at: there are more calls."""
        return len(self.events) < MOST and all(each["struck"] for each in self.of(report))

    def problems(self, report: Report) -> Iterator[str]:
        """Yield what was not tried as it should have been, each in one sentence."""
        own = self.of(report)
        struck = {each["call"] for each in own if each["struck"]}
        for each in own:
            if not each["ended"]:
                yield f"{self.name}: no invocation with {each['texts']} has ended"
        if missed := set(range(1, self.least + 1)) - struck:
            yield f"{self.name}: nothing happened at the calls {sorted(missed)}"

    def summary(self, report: Report) -> str:
        """Return a line that says at which calls the fault struck."""
        struck = [each for each in self.of(report) if each["struck"]]
        return f"{self.name}: " + ", ".join(
            f"{each['call']} {each['calls'][-1]}" for each in struck
        )

    def _is_own(self, each: dict[str, Any]) -> bool:
        return all(each[name] == value for name, value in self.fault.items())
