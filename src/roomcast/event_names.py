"""The names that event types may have.

A Socket.IO client gets an event under its type as the name. Some names are signals of the client
libraries themselves: a packet with such a name makes a client close its connection, or is taken for
a connection's end by the code of an application.
"""

import re
from collections.abc import Container
from typing import Final

LONGEST: Final = 128
"""EventBridge's limit for a detail type, in characters.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
"""

SOCKET_IO: Final = frozenset(
    {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}
)
"""The reserved names of socket.io and socket.io-client.

https://socket.io/docs/v4/emit-cheatsheet/#reserved-events
"""

PYTHON_SOCKETIO: Final = frozenset({"__disconnect_final"})
"""The name that python-socketio reserves beyond those; its simple client ends with it."""

SERVICE: Final = frozenset(
    {
        *("connection.established", "connection.error"),
        *("connection_established", "connection_error"),
    }
)
"""Types, and Socket.IO names, of the events that the service sends to one connection."""

OF_LIBRARY: Final = frozenset(
    {
        *("project.updated", "project.deleted"),
        *("agent.status_changed", "agent.connected", "agent.disconnected"),
        *("workflow.started", "workflow.progress", "workflow.completed", "workflow.failed"),
        *("pr.created", "pr.updated", "pr.closed"),
        *("issue.created", "issue.updated", "issue.closed"),
        *("ai.suggestion", "ai.analysis_complete"),
        *("connection.established", "connection.error"),
        *("presence.joined", "presence.left"),
    }
)
"""The types of `roomcast.events`, for those who do not import its classes."""

SUBJECTS: Final = ("connection", "presence", "access")
"""What stands before the dot in types that the service keeps for events of its own."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def has_control_characters(text: str) -> bool:
    """Tell whether a text has control characters (Unicode's category Cc)."""
    return _CONTROL.search(text) is not None


def problem(name: object) -> str:
    """Return what was expected of a name that no event type may have; empty for a good one."""
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST:
        return f"expected a name of 1 to {LONGEST} characters"
    if has_control_characters(name) or _LONE_SURROGATE.search(name) or not name.strip():
        return "expected a name of visible characters, without control characters and surrogates"
    if name in SOCKET_IO or name in PYTHON_SOCKETIO:
        return f"expected another name than {name}, which Socket.IO reserves"
    if name in SERVICE:
        return "the service sends this event, nobody else"
    return ""


def problem_of_own(name: object, *, taken: Container[str]) -> str:
    """Return what was expected of the type of an event of one's own; empty for a good one.

    `taken` are the types of the events that come with this library.
    """
    found = problem(name)
    if found or not isinstance(name, str):
        return found
    if name.partition(".")[0] in SUBJECTS:
        kept = ", ".join(f"{subject}.*" for subject in SUBJECTS)
        return f"expected another name than {name[:64]}: {kept} are kept for the service"
    if name in taken:
        return f"expected another name than {name}, which is an event of roomcast.events"
    return ""
