"""Publishes events about the results of an AI service."""

from enum import Enum

from roomcast import events
from roomcast.broadcasts.base import Broadcasts, Id, Object
from roomcast.events.ai import AiCategory, AiSeverity, AiTargetType


class AiBroadcasts(Broadcasts):
    """One coroutine for each event of an AI service."""

    async def broadcast_ai_suggestion(
        self,
        suggestion_id: Id,
        target_type: AiTargetType | Enum,
        target_id: Id,
        category: AiCategory | Enum,
        title: str,
        description: str,
        severity: AiSeverity | Enum = "info",
        confidence: float = 1.0,
        suggested_action: str | None = None,
        metadata: Object | None = None,
        project_id: Id | None = None,
    ) -> bool:
        """Send `ai.suggestion` to the project's room, to `global` without a project.

        `confidence` is 0 to 1.
        """
        return await self._broadcast(
            events.AiSuggestion,
            suggestion_id=suggestion_id,
            target_type=target_type,
            target_id=target_id,
            category=category,
            title=title,
            description=description,
            severity=severity,
            confidence=confidence,
            suggested_action=suggested_action,
            metadata=metadata,
            project_id=project_id,
        )

    async def broadcast_ai_analysis_complete(
        self,
        analysis_id: Id,
        target_type: AiTargetType | Enum,
        target_id: Id,
        suggestion_count: int,
        summary: str | None = None,
        project_id: Id | None = None,
    ) -> bool:
        """Send `ai.analysis_complete` to the project's room, to `global` without a project."""
        return await self._broadcast(
            events.AiAnalysisComplete,
            analysis_id=analysis_id,
            target_type=target_type,
            target_id=target_id,
            suggestion_count=suggestion_count,
            summary=summary,
            project_id=project_id,
        )
