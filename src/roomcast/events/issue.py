"""Events about issues."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from roomcast import rooms
from roomcast.events.base import Event
from roomcast.events.fields import (
    Id,
    Moment,
    Plain,
    Text,
    UserId,
    now,
)

IssueStatus = Annotated[Literal["open", "in_progress", "closed", "blocked"], Plain]
IssuePriority = Annotated[Literal["low", "medium", "high", "critical"], Plain]


class IssueEvent(Event):
    """An event that is sent to the project's room and, if assigned, to the assignee's room."""

    default_source: ClassVar[str] = "github_service"

    issue_id: Id
    project_id: Id
    title: Text
    description: Text | None = None
    status: IssueStatus
    priority: IssuePriority | None = None
    assigned_to: UserId | None = None
    updated_at: Moment = Field(default_factory=now)

    def rooms(self) -> tuple[str, ...]:
        """Return the project's room and, if there is an assignee, theirs."""
        project = str(rooms.project(self.project_id))
        return (project, str(rooms.user(self.assigned_to))) if self.assigned_to else (project,)


class IssueCreated(IssueEvent):
    """An issue was opened."""

    type: ClassVar[str] = "issue.created"


class IssueUpdated(IssueEvent):
    """The text, status, priority or assignee of an issue changed."""

    type: ClassVar[str] = "issue.updated"


class IssueClosed(IssueEvent):
    """An issue was closed."""

    type: ClassVar[str] = "issue.closed"
