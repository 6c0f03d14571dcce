"""`workflow_run` deliveries: a run of a GitHub Actions workflow is a workflow.

The payload has no jobs and no steps, so a run counts as one step: its progress is 0 % until it ends
and 100 % then, whatever the result. Only the conclusions in `_GOOD` become `workflow.completed`. A
cancelled run becomes `workflow.failed` with the status `cancelled`, so that a client that waits for
`workflow.completed` does not go on.
https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run
"""

from typing import Annotated, Final

from pydantic import Field

from roomcast.events import (
    Event,
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowProgress,
    WorkflowStarted,
)
from roomcast.events.fields import Moment
from roomcast_backend.github import versions
from roomcast_backend.github.payload import (
    Delivery,
    Line,
    Part,
    Url,
)

_GOOD: Final = frozenset({"success", "neutral", "skipped"})
_STEPS: Final = 1


class WorkflowRun(Part):
    """A run; a re-run keeps its `url` and has the next `run_attempt`."""

    url: Url
    html_url: Url
    name: Line | None = None
    conclusion: Line | None = None
    run_attempt: Annotated[int, Field(strict=True, ge=1, le=versions.MAX_ATTEMPT)] = 1
    updated_at: Moment | None = None


class WorkflowRunDelivery(Delivery):
    """A delivery about a run that was requested, started or completed."""

    workflow_run: WorkflowRun

    @property
    def url(self) -> str:
        """The API URL of the run, the same for each of its attempts."""
        return self.workflow_run.url

    @property
    def version(self) -> str:
        """The version of the run."""
        run = self.workflow_run
        return versions.of_run(run.updated_at, attempt=run.run_attempt, action=self.action)

    def event(
        self,
        project_id: str,
        assigned_to: str | None = None,
        *,
        also: tuple[str, ...] = (),
        first_name: str | None = None,
    ) -> Event | None:
        """Return the event for `requested`, `in_progress` and `completed`, None for others."""
        run = self.workflow_run
        known = {
            "workflow_id": self.object_id(first_name),
            "project_id": project_id,
            "total_steps": _STEPS,
        }
        match self.action:
            case "requested":
                return WorkflowStarted(status="pending", **known)
            case "in_progress":
                step = run.name or _STEPS
                return WorkflowProgress(status="running", progress=0, current_step=step, **known)
            case "completed" if run.conclusion in _GOOD:
                return WorkflowCompleted(status="completed", progress=100, **known)
            case "completed":
                return WorkflowFailed(progress=100, **_failure(run), **known)
            case _:
                return None


def _failure(run: WorkflowRun) -> dict[str, object]:
    status = "cancelled" if run.conclusion == "cancelled" else "failed"
    conclusion = run.conclusion or "no conclusion"
    return {
        "status": status,
        "errors": [f"{run.name or 'workflow run'}: {conclusion} ({run.html_url})"],
    }
