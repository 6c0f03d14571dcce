"""The parts of GitHub's payloads that are used; all other fields are ignored.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from abc import ABC, abstractmethod
from typing import Annotated, Any, Self
from uuid import NAMESPACE_URL, uuid5

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from roomcast.events import Event
from roomcast.events.fields import Moment, Text
from roomcast.github_names import MAX_ID
from roomcast_backend.github import versions
from roomcast_backend.github.truncation import truncated

LINE_BYTES = 2048
"""The limit for texts of one line, such as titles. GitHub's own limits are about 256 characters."""

GHOST = "ghost"
"""The login that GitHub shows in place of a deleted account."""

Line = Annotated[Text, AfterValidator(lambda text: truncated(text, LINE_BYTES))]
Url = Annotated[Text, Field(min_length=1, max_length=LINE_BYTES)]


class InvalidPayload(ValueError):
    """A payload lacks a field or has a wrong one; the message names fields, never their values."""


class Part(BaseModel):
    """A piece of a payload."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @classmethod
    def read(cls, payload: object) -> Self:
        """Parse a decoded payload; raise `InvalidPayload` when a part is missing or wrong."""
        try:
            return cls.model_validate(payload)
        except ValidationError as exc:
            raise InvalidPayload(_error_summary(exc)) from exc


class Account(Part):
    """A user, an organisation or a bot."""

    login: Annotated[Text, Field(max_length=256)]


class Repository(Part):
    """The repository that sent the delivery; `full_name` is `owner/name`.

    GitHub always sends the `id`, which stays when the repository is renamed or transferred.
    `updated_at` tells which of two names is the newer one.
    """

    id: Annotated[int, Field(strict=True, gt=0, le=MAX_ID)] | None = None
    full_name: Annotated[Text, Field(min_length=1, max_length=256)]
    updated_at: Moment | None = None


class Label(Part):
    """A label of an issue."""

    name: Line


class Delivery(Part, ABC):
    """One webhook delivery of a kind that maps to events."""

    action: Text
    repository: Repository

    @property
    def assignees(self) -> tuple[str, ...]:
        """GitHub logins; the event is assigned to the first one that is a registered user."""
        return ()

    @property
    def removed(self) -> tuple[str, ...]:
        """GitHub logins of those whom this delivery removes from the assignees."""
        return ()

    @property
    @abstractmethod
    def url(self) -> str:
        """The API URL of the delivery's object."""

    @property
    @abstractmethod
    def version(self) -> str:
        """The version of the object, as `versions` orders them."""

    @property
    def kept(self) -> str:
        """What is kept of the version once it is published."""
        return versions.kept(self.version, action=self.action)

    @abstractmethod
    def event(
        self,
        project_id: str,
        assigned_to: str | None = None,
        *,
        also: tuple[str, ...] = (),
        first_name: str | None = None,
    ) -> Event | None:
        """Return the event for a project, None when the action maps to no event.

        `also` are users who get the event besides `assigned_to`; `first_name` is the full name that
        the repository had when it was linked.
        """

    def object_id(self, first_name: str | None = None) -> str:
        """Return the UUID of the delivery's object, the same whatever the repository's name is."""
        if first_name is None:
            return object_id(self.url)
        now, then = (f"/repos/{name}/" for name in (self.repository.full_name, first_name))
        return object_id(self.url.replace(now, then, 1))


def object_id(api_url: str) -> str:
    """Return the UUID of a GitHub object: a UUIDv5 of its API URL (contract: GitHub)."""
    return str(uuid5(NAMESPACE_URL, api_url))


def login_of(account: Account | None) -> str:
    """Return an account's login, `GHOST` for a deleted account."""
    return account.login if account else GHOST


def _error_summary(error: ValidationError) -> str:
    items: list[Any] = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in items[:5])
