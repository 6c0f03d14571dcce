"""Faults that a test plans: what is to go wrong, at which step of which invocation, and once.

    call      a call of a function to AWS: the n-th one of an invocation
    bus       EventBridge hands an event to a function
    receive   Lambda takes messages from a queue
    delete    Lambda deletes messages of a queue, since a function has done them

Each goes wrong before it is carried out, or after it was and before anybody is told. No I/O here:
`fault_points.py` asks at each step.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, Self

Place = Literal["call", "bus", "receive", "delete"]

WHENS: Final = ("before", "after")
EFFECTS: Final = ("kill", "break", "refuse")


@dataclass(slots=True)
class Fault:
    """One fault, and what came of it.

    It is for one invocation of a function whose name contains `function`, and whose payload
    contains each of `texts`; at the other places these texts are looked for in the event or the
    message. `call` counts from 1, 0 never strikes: it only counts. Calls named in `skip` do not
    count. At a call, `kill` ends the function's process with SIGKILL, `break` ends the connection
    without an answer, and `refuse` answers 503.

    `calls` are those that were counted until it struck, `struck` says that it did. `began` and
    `ended` are of the invocation.
    """

    texts: list[str]
    place: Place = "call"
    function: str = ""
    call: int = 1
    when: str = "before"
    effect: str = "kill"
    skip: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    struck: bool = False
    began: bool = False
    ended: bool = False

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """Read a fault from JSON; raise `ValueError` or `TypeError` for what is none."""
        fault = cls(**value)
        if fault.when not in WHENS or fault.effect not in EFFECTS:
            raise ValueError(f"expected one of {WHENS} and one of {EFFECTS}")
        return fault

    def fits(self, function: str, payload: str) -> bool:
        """Tell whether it is for this invocation, event or message."""
        return self.function in function and all(text in payload for text in self.texts)


class Faults:
    """The faults that are planned; for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Fault] = []
        self._running: dict[int, Fault] = {}

    def __repr__(self) -> str:
        return f"Faults({len(self._planned)} planned, {len(self._running)} running)"

    def plan(self, faults: Iterable[Fault]) -> None:
        """Add faults; where several fit, the first one that has not begun counts."""
        with self._lock:
            self._planned.extend(faults)

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._planned.clear()
            self._running.clear()

    def report(self) -> list[dict[str, Any]]:
        """Return every fault in the order of their planning, as JSON."""
        with self._lock:
            return [asdict(fault) for fault in self._planned]

    def begin(self, worker: object, function: str, payload: str) -> None:
        """Note that a worker begins an invocation, which the first fault for it follows."""
        with self._lock:
            fault = self._next("call", function, payload)
            if fault:
                fault.began = True
                self._running[id(worker)] = fault

    def end(self, worker: object) -> None:
        """Note that the invocation of a worker has ended, in whichever way."""
        with self._lock:
            fault = self._running.pop(id(worker), None)
            if fault:
                fault.ended = True

    def at_call(self, worker: object, name: str) -> Fault | None:
        """Count a call of a worker; return the fault that strikes it."""
        with self._lock:
            fault = self._running.get(id(worker))
            if fault is None or fault.struck or name in fault.skip:
                return None
            fault.calls.append(name)
            fault.struck = len(fault.calls) == fault.call
            return fault if fault.struck else None

    def at(self, place: Place, payload: str, *, when: str) -> Fault | None:
        """Return the fault that strikes at the bus or at a queue, before or after the step."""
        with self._lock:
            fault = self._next(place, "", payload, when=when)
            if fault:
                fault.began = fault.struck = fault.ended = True
            return fault

    def _next(
        self, place: Place, function: str, payload: str, *, when: str | None = None
    ) -> Fault | None:
        fitting = (
            fault
            for fault in self._planned
            if fault.place == place
            and not fault.began
            and when in (None, fault.when)
            and fault.fits(function, payload)
        )
        return next(fitting, None)
