"""The events: one class for each event type, one module for each subject."""

from typing import Final

from roomcast.events.agent import AgentConnected, AgentDisconnected, AgentStatusChanged
from roomcast.events.ai import AiAnalysisComplete, AiSuggestion
from roomcast.events.base import Event
from roomcast.events.connection import ConnectionErrored, ConnectionEstablished
from roomcast.events.issue import IssueClosed, IssueCreated, IssueUpdated
from roomcast.events.presence import PresenceJoined, PresenceLeft
from roomcast.events.project import ProjectDeleted, ProjectUpdated
from roomcast.events.pull_request import PullRequestClosed, PullRequestCreated, PullRequestUpdated
from roomcast.events.workflow import (
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowProgress,
    WorkflowStarted,
)

_CLASSES: tuple[type[Event], ...] = (
    ProjectUpdated,
    ProjectDeleted,
    AgentStatusChanged,
    AgentConnected,
    AgentDisconnected,
    WorkflowStarted,
    WorkflowProgress,
    WorkflowCompleted,
    WorkflowFailed,
    PullRequestCreated,
    PullRequestUpdated,
    PullRequestClosed,
    IssueCreated,
    IssueUpdated,
    IssueClosed,
    AiSuggestion,
    AiAnalysisComplete,
    ConnectionEstablished,
    ConnectionErrored,
    PresenceJoined,
    PresenceLeft,
)

EVENT_TYPES: Final[dict[str, type[Event]]] = {event.type: event for event in _CLASSES}
"""Every event class by its event type, in the order of docs/PROTOCOL.md."""

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
    "IssueClosed",
    "IssueCreated",
    "IssueUpdated",
    "PresenceJoined",
    "PresenceLeft",
    "ProjectDeleted",
    "ProjectUpdated",
    "PullRequestClosed",
    "PullRequestCreated",
    "PullRequestUpdated",
    "WorkflowCompleted",
    "WorkflowFailed",
    "WorkflowProgress",
    "WorkflowStarted",
]
