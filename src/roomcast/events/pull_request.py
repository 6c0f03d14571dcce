"""Events about pull requests."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from roomcast import rooms
from roomcast.events.base import Event
from roomcast.events.fields import (
    Id,
    Moment,
    Plain,
    Text,
    now,
)

PullRequestStatus = Annotated[Literal["open", "closed", "merged", "draft"], Plain]


class PullRequestEvent(Event):
    """Goes to the project's room."""

    default_source: ClassVar[str] = "github_service"

    pr_id: Id
    project_id: Id
    title: Text
    status: PullRequestStatus
    description: Text | None = None

    def rooms(self) -> tuple[str, ...]:
        """Return the project's room."""
        return (str(rooms.project(self.project_id)),)


class PullRequestCreated(PullRequestEvent):
    """A pull request was opened."""

    type: ClassVar[str] = "pr.created"

    author: Text
    branch: Text
    github_url: Text
    created_at: Moment = Field(default_factory=now)


class PullRequestChanged(PullRequestEvent):
    """What is known of a pull request after it was opened."""

    author: Text | None = None
    branch: Text | None = None
    github_url: Text | None = None
    created_at: Moment | None = None


class PullRequestUpdated(PullRequestChanged):
    """A pull request has other commits, another text, another state."""

    type: ClassVar[str] = "pr.updated"


class PullRequestClosed(PullRequestChanged):
    """A pull request was merged (status `merged`) or given up (`closed`)."""

    type: ClassVar[str] = "pr.closed"
