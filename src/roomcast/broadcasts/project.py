"""Announce events about projects."""

from roomcast import events
from roomcast.broadcasts.base import Broadcasts, Id, Object


class ProjectBroadcasts(Broadcasts):
    """A coroutine for each event about projects."""

    async def broadcast_project_updated(
        self,
        project_id: Id,
        project_name: str,
        repository_url: str,
        status: str,
        updated_by: Id,
        changes: Object | None = None,
    ) -> bool:
        """Tell the project's room and the user who changed it."""
        return await self.publish(
            events.ProjectUpdated(
                project_id=project_id,
                project_name=project_name,
                repository_url=repository_url,
                status=status,
                updated_by=updated_by,
                changes=changes,
            )
        )

    async def broadcast_project_deleted(self, project_id: Id, deleted_by: Id) -> bool:
        """Tell the project's room and the user who deleted it."""
        return await self.publish(
            events.ProjectDeleted(project_id=project_id, deleted_by=deleted_by)
        )
