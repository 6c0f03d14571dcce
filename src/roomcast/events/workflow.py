"""Events about workflow runs."""

from typing import Annotated, ClassVar, Literal

from roomcast import rooms
from roomcast.events.base import Event
from roomcast.events.fields import (
    Count,
    Id,
    ObjectId,
    Percent,
    Plain,
    Seconds,
    Step,
    Text,
)

WorkflowStatus = Annotated[Literal["pending", "running", "completed", "failed", "cancelled"], Plain]


class WorkflowEvent(Event):
    """An event that is sent to the room of the project, to `global` without a project."""

    default_source: ClassVar[str] = "workflow_service"

    workflow_id: ObjectId
    status: WorkflowStatus
    total_steps: Count
    project_id: Id | None = None

    def rooms(self) -> tuple[str, ...]:
        """Return the project's room, or `global`."""
        room = rooms.project(self.project_id) if self.project_id else rooms.GLOBAL
        return (str(room),)


class WorkflowStarted(WorkflowEvent):
    """A run started."""

    type: ClassVar[str] = "workflow.started"


class WorkflowProgress(WorkflowEvent):
    """A run made progress; `progress` is 0 to 100, `estimated_time_remaining` is in seconds."""

    type: ClassVar[str] = "workflow.progress"

    progress: Percent
    current_step: Step
    estimated_time_remaining: Seconds | None = None
    logs: list[Text] | None = None
    errors: list[Text] | None = None


class WorkflowEnded(WorkflowEvent):
    """A run ended; the subclasses tell whether it succeeded."""

    progress: Percent
    logs: list[Text] | None = None
    errors: list[Text] | None = None


class WorkflowCompleted(WorkflowEnded):
    """A run succeeded."""

    type: ClassVar[str] = "workflow.completed"


class WorkflowFailed(WorkflowEnded):
    """A run failed or was cancelled."""

    type: ClassVar[str] = "workflow.failed"
