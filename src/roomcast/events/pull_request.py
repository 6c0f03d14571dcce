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
    """An event that is sent to the project's room."""

    default_source: ClassVar[str] = "github_service"

    pr_id: Id
    project_id: Id
    title: Text
    status: PullRequestStatus
    description: Text | None = None
    updated_at: Moment | None = None

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
    """An event about an existing pull request; fields that are not known are None."""

    author: Text | None = None
    branch: Text | None = None
    github_url: Text | None = None
    created_at: Moment | None = None


class PullRequestUpdated(PullRequestChanged):
    """The commits, the text or the status of a pull request changed."""

    type: ClassVar[str] = "pr.updated"


class PullRequestClosed(PullRequestChanged):
    """A pull request was merged (status `merged`) or closed without a merge (`closed`)."""

    type: ClassVar[str] = "pr.closed"
