"""Decides which events need not be sent any more, because a newer one says all that they say.

A broadcaster with `at_most` asks it before an event goes to the bus, the service when it delivers.
Two invocations can deliver two events of one publisher in either order. A client that is shown 60 %
and then 50 % is better off without the second: it is dropped. An event that tells what no newer one
does, such as lines of a log, is delivered however late it is. No I/O.
"""

from collections.abc import Iterable
from typing import Any

from roomcast.envelope import Envelope

STATE_EVENTS = {
    "workflow.started": "workflow_id",
    "workflow.progress": "workflow_id",
    "agent.status_changed": "agent_id",
    "project.updated": "project_id",
    "pr.updated": "pr_id",
    "issue.updated": "issue_id",
}
"""Events that tell a state, which the next one replaces, and the field that names whose state."""

ENTITY_FIELDS = {
    **{name.partition(".")[0]: field for name, field in STATE_EVENTS.items()},
    "suggestion": "suggestion_id",
}
"""The field that names an entity, by its type: mostly what an event's type has before its dot."""

SUGGESTION = "ai.suggestion"
"""An event about an entity that its type does not begin with."""

ADDITIONS = ("changes", "logs", "errors")
"""Fields that add to what was told before: no newer event repeats them."""

PASSING = ("current_step", "estimated_time_remaining")
"""Fields that mean nothing any more once a newer event tells of the same entity."""


def is_outdated(event: Envelope, others: Iterable[Envelope]) -> bool:
    """Tell whether one of the other events is newer and says all that this one says."""
    if event.type not in STATE_EVENTS or any(event.data.get(name) for name in ADDITIONS):
        return False
    return any(_replaces(other, event) for other in others)


def entity_of(event: Envelope) -> str:
    """Return whose state an event tells, `<type of entity>:<id>`; empty when that is unknown."""
    if event.state_key:
        return event.state_key
    kind = "suggestion" if event.type == SUGGESTION else _kind(event)
    found = event.data.get(ENTITY_FIELDS.get(kind, ""))
    is_id = isinstance(found, str | int) and not isinstance(found, bool) and found != ""
    return f"{kind}:{found}" if is_id else ""


def may_tell_state(event: Envelope) -> bool:
    """Tell whether an event may be about an entity, whatever its data says."""
    return bool(event.state_key) or event.type == SUGGESTION or _kind(event) in ENTITY_FIELDS


def says_all(other: Envelope, event: Envelope) -> bool:
    """Tell whether an event says all that another one about the same entity says."""
    if any(event.data.get(name) for name in ADDITIONS):
        return False
    return all(_is_told(other.data.get(name)) for name in _told(event.data))


def _replaces(other: Envelope, event: Envelope) -> bool:
    entity = STATE_EVENTS[event.type]
    return (
        other.publisher == event.publisher
        and other.number > event.number
        and _kind(other) == _kind(event)
        and other.data.get(entity) == event.data.get(entity)
        and says_all(other, event)
    )


def _told(data: dict[str, Any]) -> Iterable[str]:
    """Yield the fields of an event that a newer one must have, too."""
    return (name for name, value in data.items() if _is_told(value) and name not in PASSING)


def _is_told(value: object) -> bool:
    return value is not None and value not in ("", [], {})


def _kind(event: Envelope) -> str:
    return event.type.partition(".")[0]
