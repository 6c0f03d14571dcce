"""Publishes events about pull requests."""

from enum import Enum

from roomcast import events
from roomcast.broadcasts.base import Broadcasts, Id
from roomcast.events.pull_request import PullRequestStatus


class PullRequestBroadcasts(Broadcasts):
    """One coroutine for each event about pull requests."""

    async def broadcast_pr_created(
        self,
        pr_id: Id,
        project_id: Id,
        title: str,
        description: str | None,
        author: str,
        branch: str,
        github_url: str,
        status: PullRequestStatus | Enum,
    ) -> bool:
        """Send `pr.created` to the project's room; `created_at` is now."""
        return await self._broadcast(
            events.PullRequestCreated,
            pr_id=pr_id,
            project_id=project_id,
            title=title,
            description=description,
            author=author,
            branch=branch,
            github_url=github_url,
            status=status,
        )

    async def broadcast_pr_updated(
        self, pr_id: Id, project_id: Id, title: str, status: PullRequestStatus | Enum
    ) -> bool:
        """Send `pr.updated` to the project's room."""
        return await self._broadcast(
            events.PullRequestUpdated,
            pr_id=pr_id,
            project_id=project_id,
            title=title,
            status=status,
        )

    async def broadcast_pr_closed(
        self, pr_id: Id, project_id: Id, title: str, status: PullRequestStatus | Enum
    ) -> bool:
        """Send `pr.closed` to the project's room; `status` is `merged` or `closed`."""
        return await self._broadcast(
            events.PullRequestClosed, pr_id=pr_id, project_id=project_id, title=title, status=status
        )
