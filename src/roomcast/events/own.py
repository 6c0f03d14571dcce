"""Events of one's own: what a class must say of itself, and the entity that an event is about.

class DeployFinished(Event):
    type = "deploy.finished"
    source = "deploy_service"
    state_key = "service"

    team: str
    service: str

    def rooms(self) -> tuple[str, ...]:
        return (f"team:{self.team}",)
"""

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from roomcast import event_names
from roomcast.envelope import MAX_STATE_KEY_BYTES, is_state_key

if TYPE_CHECKING:
    from roomcast.events.base import Event


def problems(kind: "type[Event]", built_in: "Mapping[str, type[Event]]") -> dict[str, str]:
    """Return for each attribute of an event class what was expected of it; empty for a good one.

    `built_in` are the classes that come with this library, by their types. A class may be a
    subclass of one of them, and keep its type.
    """
    name = getattr(kind, "type", None)
    known = built_in.get(name) if isinstance(name, str) else None
    if known is not None and issubclass(kind, known):
        return {}
    missing = 'expected a name as an attribute of the class, such as type = "deploy.finished"'
    found = {
        "type": missing if name is None else event_names.problem_of_own(name, taken=built_in),
        "source": _problem_of_source(kind),
        "state_key": _problem_of_fields(kind),
    }
    return {attribute: text for attribute, text in found.items() if text}


def name_of(kind: "type[Event]") -> str:
    """Return the type of an event's class, or the name of a class that has none."""
    name = getattr(kind, "type", None)
    return name if isinstance(name, str) else kind.__name__


def default_source(kind: "type[Event]") -> str:
    """Return the source that a class gives its events; empty when it gives none."""
    for attribute in ("source", "default_source"):
        value = getattr(kind, attribute, "")  # a field of that name is no attribute
        if isinstance(value, str) and value:
            return value
    return ""


def state_key(kind: "type[Event]", data: Mapping[str, Any]) -> str:
    """Return which entity an event is about, `<type of entity>:<id>`; empty when it names none.

    The type of entity is what stands before the first dot of the event's type, so that
    `deploy.started` and `deploy.finished` are about the same one. The ids of several fields follow
    each other. `:` and `%` within an id are written as `%3A` and `%25`, so that no two entities
    have one key. Raises `ValueError` for an id that is no key.
    """
    names = _fields(kind)
    values = [data.get(name) for name in names]
    if not names or all(value is None for value in values):
        return ""
    entity = kind.type.partition(".")[0]
    key = ":".join((_escaped(entity), *map(_id, values)))
    if not is_state_key(key):
        raise ValueError(f"expected at most {MAX_STATE_KEY_BYTES} bytes, with the type of entity")
    return key


def is_concrete(kind: object) -> "TypeGuard[type[Event]]":
    """Tell whether something is a class of events that can be published."""
    from roomcast.events.base import Event  # noqa: PLC0415  it imports this module

    if not inspect.isclass(kind) or not issubclass(kind, Event):
        return False
    return not inspect.isabstract(kind) and kind.publishable


def _problem_of_source(kind: "type[Event]") -> str:
    source = getattr(kind, "source", getattr(kind, "default_source", None))
    if source is None or (isinstance(source, str) and source.strip()):
        return ""
    return "expected a name, such as deploy_service"


def _problem_of_fields(kind: "type[Event]") -> str:
    given: object = kind.state_key
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, tuple | list) or not all(isinstance(name, str) for name in names):
        return "expected the name of a field, or a tuple of names"
    unknown = [name for name in names if name not in kind.model_fields]
    return f"expected fields of the event, got {', '.join(unknown)[:200]!r}" if unknown else ""


def _fields(kind: "type[Event]") -> tuple[str, ...]:
    return (kind.state_key,) if isinstance(kind.state_key, str) else tuple(kind.state_key)


def _id(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise ValueError("expected an id: text or an integer in each of its fields")
    return _escaped(str(value))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace(":", "%3A")
