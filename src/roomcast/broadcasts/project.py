"""Publishes events about projects."""

from roomcast import events
from roomcast.broadcasts.base import Broadcasts, Id, Object


class ProjectBroadcasts(Broadcasts):
    """One coroutine for each event about projects."""

    async def broadcast_project_updated(
        self,
        project_id: Id,
        project_name: str | None,
        repository_url: str | None,
        status: str | None,
        updated_by: Id,
        changes: Object | None = None,
    ) -> bool:
        """Send `project.updated` to the rooms of the project and of the user `updated_by`.

        A partial update passes None for what it does not change; the event leaves that out.
        """
        return await self._broadcast(
            events.ProjectUpdated,
            project_id=project_id,
            project_name=project_name,
            repository_url=repository_url,
            status=status,
            updated_by=updated_by,
            changes=changes,
        )

    async def broadcast_project_deleted(self, project_id: Id, deleted_by: Id) -> bool:
        """Send `project.deleted` to the rooms of the project and of the user `deleted_by`."""
        return await self._broadcast(
            events.ProjectDeleted, project_id=project_id, deleted_by=deleted_by
        )
