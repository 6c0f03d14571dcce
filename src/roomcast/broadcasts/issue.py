"""Publishes events about issues."""

from enum import Enum

from roomcast import events
from roomcast.broadcasts.base import Broadcasts, Id
from roomcast.events.issue import IssuePriority, IssueStatus


class IssueBroadcasts(Broadcasts):
    """One coroutine for each event about issues."""

    async def broadcast_issue_created(
        self,
        issue_id: Id,
        project_id: Id,
        title: str,
        description: str | None,
        status: IssueStatus | Enum,
        priority: IssuePriority | Enum | None,
        assigned_to: Id | None,
    ) -> bool:
        """Send `issue.created` to the rooms of project and assignee; `updated_at` is now."""
        return await self._broadcast(
            events.IssueCreated,
            issue_id=issue_id,
            project_id=project_id,
            title=title,
            description=description,
            status=status,
            priority=priority,
            assigned_to=assigned_to,
        )

    async def broadcast_issue_updated(
        self,
        issue_id: Id,
        project_id: Id,
        title: str,
        description: str | None,
        status: IssueStatus | Enum,
        priority: IssuePriority | Enum | None,
        assigned_to: Id | None,
    ) -> bool:
        """Send `issue.updated` to the rooms of project and assignee; `updated_at` is now."""
        return await self._broadcast(
            events.IssueUpdated,
            issue_id=issue_id,
            project_id=project_id,
            title=title,
            description=description,
            status=status,
            priority=priority,
            assigned_to=assigned_to,
        )

    async def broadcast_issue_closed(
        self,
        issue_id: Id,
        project_id: Id,
        title: str,
        description: str | None,
        status: IssueStatus | Enum,
        priority: IssuePriority | Enum | None,
        assigned_to: Id | None,
    ) -> bool:
        """Send `issue.closed` to the rooms of project and assignee; `updated_at` is now."""
        return await self._broadcast(
            events.IssueClosed,
            issue_id=issue_id,
            project_id=project_id,
            title=title,
            description=description,
            status=status,
            priority=priority,
            assigned_to=assigned_to,
        )
