"""`issues` deliveries: opened, closed, and every other action as an update.

An issue that was deleted or transferred counts as closed: its project gets no more deliveries
of it. https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues
"""

from typing import Final, Literal

from roomcast.events import Event, IssueClosed, IssueCreated, IssueUpdated
from roomcast.events.fields import Moment, Text
from roomcast.events.issue import IssueEvent
from roomcast_backend.github import labels
from roomcast_backend.github.payload import (
    Account,
    Delivery,
    Label,
    Line,
    Part,
    Url,
    object_id,
)

_CLASSES: Final[dict[str, type[IssueEvent]]] = {
    "opened": IssueCreated,
    "closed": IssueClosed,
    "deleted": IssueClosed,
    "transferred": IssueClosed,
}


class Issue(Part):
    """An issue; `url` is its API URL. `pinned` and `unpinned` deliveries may lack the state."""

    url: Url
    title: Line | None
    body: Text | None = None
    state: Literal["open", "closed"] | None = None
    labels: tuple[Label, ...] | None = None
    assignee: Account | None = None
    assignees: tuple[Account | None, ...] | None = None
    closed_at: Moment | None = None
    updated_at: Moment

    @property
    def label_names(self) -> list[str]:
        """The names of the issue's labels."""
        return [label.name for label in self.labels or ()]

    @property
    def status(self) -> str:
        """`closed`; or `blocked` or `in_progress` when a label says so; or `open`."""
        if self.state == "closed" or (self.state is None and self.closed_at):
            return "closed"
        return labels.progress(self.label_names) or "open"


class IssueDelivery(Delivery):
    """A delivery about an issue."""

    issue: Issue

    @property
    def assignees(self) -> tuple[str, ...]:
        """The issue's assignees, in GitHub's order."""
        accounts = (*(self.issue.assignees or ()), self.issue.assignee)
        return tuple(dict.fromkeys(account.login for account in accounts if account))

    def event(self, project_id: str, assigned_to: str | None = None) -> Event:
        """Return `issue.created`, `issue.closed` or, for any other action, `issue.updated`."""
        kind = _CLASSES.get(self.action, IssueUpdated)
        return kind(
            issue_id=object_id(self.issue.url),
            project_id=project_id,
            title=self.issue.title or "",
            description=self.issue.body,
            status="closed" if kind is IssueClosed else self.issue.status,
            priority=labels.priority(self.issue.label_names),
            assigned_to=assigned_to,
            updated_at=self.issue.updated_at,
        )
