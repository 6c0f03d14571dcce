"""Publish typed events from Python; browsers receive them over one `wss://` endpoint.

    from roomcast import get_broadcaster

    await get_broadcaster().broadcast_agent_status_changed("agent-1", "Builder", "busy", 80)

Importing the package is cheap: pydantic and boto3 are loaded with the first name that needs them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from roomcast import environment, rooms
from roomcast.errors import (
    EventTooLarge,
    InvalidEvent,
    InvalidRoom,
    NotConfigured,
    RoomcastError,
)
from roomcast.version import __version__

rooms.take_kinds_from(environment.room_kinds)

if TYPE_CHECKING:
    from roomcast.broadcaster import EventBroadcaster, get_broadcaster, init_broadcaster
    from roomcast.client import connect
    from roomcast.events import (
        EVENT_TYPES,
        AgentConnected,
        AgentDisconnected,
        AgentStatusChanged,
        AiAnalysisComplete,
        AiSuggestion,
        ConnectionErrored,
        ConnectionEstablished,
        Event,
        IssueClosed,
        IssueCreated,
        IssueUpdated,
        PresenceJoined,
        PresenceLeft,
        ProjectDeleted,
        ProjectUpdated,
        PullRequestClosed,
        PullRequestCreated,
        PullRequestUpdated,
        WorkflowCompleted,
        WorkflowFailed,
        WorkflowProgress,
        WorkflowStarted,
    )
    from roomcast.token_minting import InvalidClaim, mint_token
else:

    def __getattr__(name: str) -> object:
        """Load a part of the library with the first of its names (PEP 562).

        Type checkers read the imports above instead, so that they still know a wrong name.
        """
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name == "connect":
            module = "client"
        elif name in ("InvalidClaim", "mint_token"):
            module = "token_minting"
        else:
            module = "broadcaster" if name.lower().endswith("broadcaster") else "events"
        return getattr(import_module(f"{__name__}.{module}"), name)


__all__ = [
    "EVENT_TYPES",
    "AgentConnected",
    "AgentDisconnected",
    "AgentStatusChanged",
    "AiAnalysisComplete",
    "AiSuggestion",
    "ConnectionErrored",
    "ConnectionEstablished",
    "Event",
    "EventBroadcaster",
    "EventTooLarge",
    "InvalidClaim",
    "InvalidEvent",
    "InvalidRoom",
    "IssueClosed",
    "IssueCreated",
    "IssueUpdated",
    "NotConfigured",
    "PresenceJoined",
    "PresenceLeft",
    "ProjectDeleted",
    "ProjectUpdated",
    "PullRequestClosed",
    "PullRequestCreated",
    "PullRequestUpdated",
    "RoomcastError",
    "WorkflowCompleted",
    "WorkflowFailed",
    "WorkflowProgress",
    "WorkflowStarted",
    "__version__",
    "connect",
    "get_broadcaster",
    "init_broadcaster",
    "mint_token",
]
