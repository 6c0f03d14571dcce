"""`pull_request` deliveries: opened and reopened, closed, and every other action as an update.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request
"""

from typing import Final, Literal

from roomcast.events import Event, PullRequestClosed, PullRequestCreated, PullRequestUpdated
from roomcast.events.fields import Moment, Text
from roomcast_backend.github import versions
from roomcast_backend.github.payload import (
    Account,
    Delivery,
    Line,
    Part,
    Url,
    login_of,
)

_Class = type[PullRequestCreated] | type[PullRequestUpdated] | type[PullRequestClosed]

_CLASSES: Final[dict[str, _Class]] = {
    "opened": PullRequestCreated,
    "reopened": PullRequestCreated,
    "closed": PullRequestClosed,
}


class Head(Part):
    """The branch with the changes of a pull request."""

    ref: Line


class PullRequest(Part):
    """A pull request; `url` is its API URL, `html_url` its page."""

    url: Url
    html_url: Url
    title: Line | None
    body: Text | None = None
    state: Literal["open", "closed"]
    draft: bool | None = None
    merged: bool | None = None
    user: Account | None = None
    head: Head
    created_at: Moment
    updated_at: Moment | None = None

    @property
    def status(self) -> str:
        """The status (contract: Values): `merged` and `closed` take precedence over `draft`."""
        if self.state == "closed":
            return "merged" if self.merged else "closed"
        return "draft" if self.draft else "open"


class PullRequestDelivery(Delivery):
    """A delivery about a pull request."""

    pull_request: PullRequest

    @property
    def url(self) -> str:
        """The API URL of the pull request."""
        return self.pull_request.url

    @property
    def version(self) -> str:
        """The version of the pull request."""
        return versions.of_object(
            self.pull_request.updated_at or self.pull_request.created_at,
            action=self.action,
            is_closed=self.pull_request.state == "closed",
        )

    def event(
        self,
        project_id: str,
        assigned_to: str | None = None,
        *,
        also: tuple[str, ...] = (),
        first_name: str | None = None,
    ) -> Event:
        """Return `pr.created`, `pr.closed` or, for any other action, `pr.updated`."""
        pull_request = self.pull_request
        return _CLASSES.get(self.action, PullRequestUpdated)(
            pr_id=self.object_id(first_name),
            project_id=project_id,
            title=pull_request.title or "",
            description=pull_request.body,
            author=login_of(pull_request.user),
            branch=pull_request.head.ref,
            github_url=pull_request.html_url,
            status=pull_request.status,
            created_at=pull_request.created_at,
            updated_at=pull_request.updated_at,
        )
