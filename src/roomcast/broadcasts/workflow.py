"""Publishes events about workflow runs."""

from collections.abc import Iterable
from enum import Enum

from roomcast import events
from roomcast.broadcasts.base import Broadcasts, Id
from roomcast.events.workflow import WorkflowStatus


class WorkflowBroadcasts(Broadcasts):
    """One coroutine for each event about workflow runs."""

    async def broadcast_workflow_started(
        self,
        workflow_id: Id,
        status: WorkflowStatus | Enum,
        total_steps: int,
        project_id: Id | None = None,
    ) -> bool:
        """Send `workflow.started` to the project's room, to `global` without a project."""
        return await self._broadcast(
            events.WorkflowStarted,
            workflow_id=workflow_id,
            status=status,
            total_steps=total_steps,
            project_id=project_id,
        )

    async def broadcast_workflow_progress(
        self,
        workflow_id: Id,
        status: WorkflowStatus | Enum,
        progress: float,
        current_step: int | str,
        total_steps: int,
        project_id: Id | None = None,
        estimated_time_remaining: float | None = None,
        logs: Iterable[str] | None = None,
        errors: Iterable[str] | None = None,
    ) -> bool:
        """Send `workflow.progress` to the project's room, to `global` without a project.

        `progress` is 0 to 100, `estimated_time_remaining` is in seconds. The event type does not
        depend on `status`.
        """
        return await self._broadcast(
            events.WorkflowProgress,
            workflow_id=workflow_id,
            status=status,
            progress=progress,
            current_step=current_step,
            total_steps=total_steps,
            project_id=project_id,
            estimated_time_remaining=estimated_time_remaining,
            logs=logs,
            errors=errors,
        )

    async def broadcast_workflow_completed(
        self,
        workflow_id: Id,
        status: WorkflowStatus | Enum,
        progress: float,
        total_steps: int,
        project_id: Id | None = None,
        logs: Iterable[str] | None = None,
        errors: Iterable[str] | None = None,
    ) -> bool:
        """Send `workflow.completed` to the project's room, to `global` without a project."""
        return await self._broadcast(
            events.WorkflowCompleted,
            workflow_id=workflow_id,
            status=status,
            progress=progress,
            total_steps=total_steps,
            project_id=project_id,
            logs=logs,
            errors=errors,
        )

    async def broadcast_workflow_failed(
        self,
        workflow_id: Id,
        status: WorkflowStatus | Enum,
        progress: float,
        total_steps: int,
        project_id: Id | None = None,
        logs: Iterable[str] | None = None,
        errors: Iterable[str] | None = None,
    ) -> bool:
        """Send `workflow.failed` to the project's room, to `global` without a project."""
        return await self._broadcast(
            events.WorkflowFailed,
            workflow_id=workflow_id,
            status=status,
            progress=progress,
            total_steps=total_steps,
            project_id=project_id,
            logs=logs,
            errors=errors,
        )
