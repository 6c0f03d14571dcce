"""Events about the results of an AI service."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from roomcast import rooms
from roomcast.events.base import Event
from roomcast.events.fields import (
    Count,
    Fraction,
    Id,
    JsonObject,
    ObjectId,
    Plain,
    Text,
)

AiTargetType = Annotated[Literal["issue", "pr", "code"], Plain]
AiCategory = Annotated[
    Literal["optimization", "refactor", "bug_fix", "security", "performance", "maintainability"],
    Plain,
]
AiSeverity = Annotated[Literal["info", "warning", "critical"], Plain]


class AiEvent(Event):
    """An event that is sent to the room of the target's project, to `global` without a project."""

    default_source: ClassVar[str] = "ai_dock_service"

    target_type: AiTargetType
    target_id: ObjectId
    project_id: Id | None = None

    def rooms(self) -> tuple[str, ...]:
        """Return the project's room, or `global`."""
        room = rooms.project(self.project_id) if self.project_id else rooms.GLOBAL
        return (str(room),)


class AiSuggestion(AiEvent):
    """A suggestion for an issue, a pull request or code; `confidence` is 0 to 1."""

    type: ClassVar[str] = "ai.suggestion"

    suggestion_id: ObjectId
    category: AiCategory
    title: Text
    description: Text
    severity: AiSeverity = "info"
    confidence: Fraction = 1.0
    suggested_action: Text | None = None
    metadata: JsonObject = Field(default_factory=dict)


class AiAnalysisComplete(AiEvent):
    """An analysis ended with `suggestion_count` suggestions."""

    type: ClassVar[str] = "ai.analysis_complete"

    analysis_id: ObjectId
    summary: Text | None = None
    suggestion_count: Count
