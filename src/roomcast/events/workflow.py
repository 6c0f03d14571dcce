"""Events about workflow runs."""

from typing import Annotated, ClassVar, Literal

from roomcast import rooms
from roomcast.events.base import Event
from roomcast.events.fields import (
    Count,
    Id,
    Percent,
    Plain,
    Seconds,
    Step,
    Text,
)

WorkflowStatus = Annotated[Literal["pending", "running", "completed", "failed", "cancelled"], Plain]


class WorkflowEvent(Event):
    """Goes to the room of the workflow's project, or to everyone when it has none."""

    default_source: ClassVar[str] = "workflow_service"

    workflow_id: Id
    status: WorkflowStatus
    total_steps: Count
    project_id: Id | None = None

    def rooms(self) -> tuple[str, ...]:
        """Return the project's room, or `global`."""
        room = rooms.project(self.project_id) if self.project_id else rooms.GLOBAL
        return (str(room),)


class WorkflowStarted(WorkflowEvent):
    """A run began."""

    type: ClassVar[str] = "workflow.started"


class WorkflowProgress(WorkflowEvent):
    """A run is under way; `progress` is a percentage, the remaining time is in seconds."""

    type: ClassVar[str] = "workflow.progress"

    progress: Percent
    current_step: Step
    estimated_time_remaining: Seconds | None = None
    logs: list[Text] | None = None
    errors: list[Text] | None = None


class WorkflowEnded(WorkflowEvent):
    """What the two ways of ending have in common."""

    progress: Percent
    logs: list[Text] | None = None
    errors: list[Text] | None = None


class WorkflowCompleted(WorkflowEnded):
    """A run reached its end."""

    type: ClassVar[str] = "workflow.completed"


class WorkflowFailed(WorkflowEnded):
    """A run ended before its end."""

    type: ClassVar[str] = "workflow.failed"
