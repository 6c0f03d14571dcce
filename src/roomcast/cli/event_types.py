"""The event types as a command line knows them: their names before anything heavy is imported."""

from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from roomcast.events import Event

PUBLISHED: Final = (
    *("project.updated", "project.deleted"),
    *("agent.status_changed", "agent.connected", "agent.disconnected"),
    *("workflow.started", "workflow.progress", "workflow.completed", "workflow.failed"),
    *("pr.created", "pr.updated", "pr.closed"),
    *("issue.created", "issue.updated", "issue.closed"),
    *("ai.suggestion", "ai.analysis_complete"),
)
"""The types of `roomcast.events` that can be published; a test compares both."""


def event_type(_ctx: click.Context, _param: click.Parameter, name: str) -> "type[Event]":
    """Return the class of a type, built in or of one's own; a slip is told the nearest name."""
    from difflib import get_close_matches

    from roomcast.events import EVENT_TYPES
    from roomcast.own_events import discover

    if name in PUBLISHED:
        return EVENT_TYPES[name]
    known = {each: EVENT_TYPES[each] for each in PUBLISHED} | discover()
    if name in known:
        return known[name]
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"
    raise click.BadParameter(f"{name!r} is not an event type: {hint}")


def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the built-in types that begin so."""
    return [name for name in PUBLISHED if name.startswith(incomplete)]
