"""An AI service that publishes a suggestion for each finding, then the end of its analysis.

ROOMCAST_EVENT_BUS=<bus> python examples/ai_service.py
"""

import asyncio
from dataclasses import dataclass
from uuid import UUID, uuid4

from roomcast import get_broadcaster


@dataclass(frozen=True)
class Finding:
    """One finding of a model."""

    category: str
    title: str
    description: str
    confidence: float


FINDINGS = (
    Finding("security", "Token in a log line", "The request is logged with its headers.", 0.97),
    Finding("performance", "Query in a loop", "One query per row; fetch the rows at once.", 0.8),
)


async def review(pr_id: UUID, project_id: UUID) -> None:
    """Publish a suggestion for each finding, then their number."""
    broadcaster = await get_broadcaster()
    for finding in FINDINGS:
        await broadcaster.broadcast_ai_suggestion(
            suggestion_id=uuid4(),
            target_type="pr",
            target_id=pr_id,
            category=finding.category,
            title=finding.title,
            description=finding.description,
            severity="critical" if finding.category == "security" else "info",
            confidence=finding.confidence,
            project_id=project_id,
        )
    await broadcaster.broadcast_ai_analysis_complete(
        uuid4(), "pr", pr_id, suggestion_count=len(FINDINGS), project_id=project_id
    )


if __name__ == "__main__":
    asyncio.run(review(uuid4(), uuid4()))
