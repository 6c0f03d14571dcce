"""Finds the events of one's own that installed packages offer, by their entry points.

[project.entry-points."roomcast.events"]
deployments = "acme.events"                    # a module: all events that it defines
audit = "acme.audit:AccessGranted"             # or one class

https://packaging.python.org/en/latest/specifications/entry-points/
"""

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from inspect import getmembers, ismodule
from typing import Final

from roomcast.errors import RoomcastError
from roomcast.events import EVENT_TYPES, Event, own

GROUP: Final = "roomcast.events"


class BadOwnEvent(RoomcastError, ValueError):
    """An entry point offers something that is no event, or an event that cannot be published.

    `entry_point` is its name and value, `problem` what was expected.
    """

    def __init__(self, entry_point: str, problem: str) -> None:
        super().__init__(entry_point, problem)
        self.entry_point = entry_point
        self.problem = problem

    def __str__(self) -> str:
        return f"the entry point {self.entry_point} of {GROUP}: {self.problem}"


def discover() -> dict[str, type[Event]]:
    """Return the events of all entry points by their types, sorted; raise `BadOwnEvent`.

    The error names the entry point: what it names cannot be imported or is no event, an event says
    something wrong of itself, or its type is reserved or taken.
    """
    found: dict[str, tuple[str, type[Event]]] = {}
    for entry_point in entry_points(group=GROUP):
        said = f"{entry_point.name} = {entry_point.value}"
        for kind in _offered(entry_point, said):
            _check(said, kind)
            before = found.setdefault(kind.type, (said, kind))
            if before[1] is not kind:
                raise BadOwnEvent(
                    said,
                    f"{kind.__name__} has the type {kind.type}, which {before[1].__name__} of the "
                    f"entry point {before[0]} has already: give it another one",
                )
    return {name: found[name][1] for name in sorted(found)}


def _offered(entry_point: EntryPoint, said: str) -> Iterator[type[Event]]:
    try:
        thing = entry_point.load()
    except Exception as exc:  # whatever the code of a package raises
        raise BadOwnEvent(said, f"cannot be imported: {type(exc).__name__}: {exc}") from exc
    if own.is_concrete(thing):
        yield thing
        return
    if not ismodule(thing):
        raise BadOwnEvent(said, "expected a subclass of roomcast.Event, or a module with some")
    kinds = [
        kind
        for _, kind in getmembers(thing, own.is_concrete)
        if kind.__module__ == thing.__name__ and hasattr(kind, "type")
    ]
    if not kinds:
        raise BadOwnEvent(said, "the module defines no subclass of roomcast.Event")
    yield from kinds


def _check(said: str, kind: type[Event]) -> None:
    problems = own.problems(kind, EVENT_TYPES)
    if own.name_of(kind) in EVENT_TYPES and "type" not in problems:
        problems["type"] = f"expected another name than {kind.type}, which is an event of roomcast"
    if problems:
        text = "; ".join(f"{attribute}: {problem}" for attribute, problem in problems.items())
        raise BadOwnEvent(said, f"{kind.__name__} cannot be published: {text}")
