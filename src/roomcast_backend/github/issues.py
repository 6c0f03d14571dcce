"""`issues` deliveries: opened, closed, and every other action as an update.

An issue that was deleted or transferred counts as closed: its project gets no more deliveries
of it. https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues
"""

from typing import Final, Literal

from pydantic import Field

from roomcast import rooms
from roomcast.events import Event, IssueClosed, IssueCreated, IssueUpdated
from roomcast.events.fields import Id, Moment, Text
from roomcast.events.issue import IssueEvent
from roomcast_backend.github import labels, versions
from roomcast_backend.github.payload import (
    Account,
    Delivery,
    Label,
    Line,
    Part,
    Url,
)


class _Shared(IssueEvent):
    """An event about an issue that other users than `assigned_to` get as well."""

    also: tuple[Id, ...] = Field(default=(), exclude=True)

    def rooms(self) -> tuple[str, ...]:
        """Return the rooms of the project, of `assigned_to` and of all others."""
        others = (str(rooms.user(user)) for user in self.also)
        return tuple(dict.fromkeys((*super().rooms(), *others)))


class _Created(_Shared, IssueCreated):
    """An issue was opened."""


class _Updated(_Shared, IssueUpdated):
    """An issue changed."""


class _Closed(_Shared, IssueClosed):
    """An issue was closed, or left the repository."""


_CLASSES: Final[dict[str, type[_Shared]]] = {
    "opened": _Created,
    "closed": _Closed,
    "deleted": _Closed,
    "transferred": _Closed,
}


_LEFT: Final = frozenset({"deleted", "transferred"})


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
    assignee: Account | None = None

    @property
    def url(self) -> str:
        """The API URL of the issue."""
        return self.issue.url

    @property
    def version(self) -> str:
        """The version of the issue; nothing comes after one that left the repository."""
        if self.action in _LEFT:
            return versions.LAST
        return versions.of_object(
            self.issue.updated_at, action=self.action, is_closed=self.issue.status == "closed"
        )

    @property
    def removed(self) -> tuple[str, ...]:
        """The person whom `unassigned` is about."""
        return (self.assignee.login,) if self.action == "unassigned" and self.assignee else ()

    @property
    def assignees(self) -> tuple[str, ...]:
        """The issue's assignees, in GitHub's order."""
        accounts = (*(self.issue.assignees or ()), self.issue.assignee)
        return tuple(dict.fromkeys(account.login for account in accounts if account))

    def event(
        self,
        project_id: str,
        assigned_to: str | None = None,
        *,
        also: tuple[str, ...] = (),
        first_name: str | None = None,
    ) -> Event:
        """Return `issue.created`, `issue.closed` or, for any other action, `issue.updated`."""
        kind = _CLASSES.get(self.action, _Updated)
        return kind(
            issue_id=self.object_id(first_name),
            project_id=project_id,
            title=self.issue.title or "",
            description=self.issue.body,
            status="closed" if kind is _Closed else self.issue.status,
            priority=labels.priority(self.issue.label_names),
            assigned_to=assigned_to,
            updated_at=self.issue.updated_at,
            also=also,
        )
