"""`repository` deliveries about a new name: `renamed`, and `transferred` to another owner.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#repository
"""

from typing import Annotated, Any, Final

from pydantic import Field

from roomcast.events.fields import Text
from roomcast_backend.github.payload import Account, Part, Repository

KIND: Final = "repository"
ACTIONS: Final = frozenset({"renamed", "transferred"})

Name = Annotated[Text, Field(min_length=1, max_length=256)]


class _FormerName(Part):
    was: Annotated[Name, Field(alias="from")]


class _FormerOwner(Part):
    user: Account | None = None
    organization: Account | None = None


class _OwnerChange(Part):
    was: Annotated[_FormerOwner, Field(alias="from")]


class _RepositoryChange(Part):
    name: _FormerName | None = None


class _Changes(Part):
    repository: _RepositoryChange | None = None
    owner: _OwnerChange | None = None


class Rename(Part):
    """A repository that has another full name than before."""

    repository: Repository
    changes: _Changes

    @property
    def former_name(self) -> str:
        """The full name until now; the present one where the delivery does not tell."""
        owner, _, name = self.repository.full_name.partition("/")
        if self.changes.repository and self.changes.repository.name:
            name = self.changes.repository.name.was
        if self.changes.owner:
            account = self.changes.owner.was.user or self.changes.owner.was.organization
            owner = account.login if account else owner
        return f"{owner}/{name}"


def read(kind: str, payload: dict[str, Any]) -> Rename | None:
    """Parse a delivery about a new name; return None for any other one.

    Raises `InvalidPayload` when the payload does not have the shape of such a delivery.
    """
    action = payload.get("action")
    if kind != KIND or not isinstance(action, str) or action not in ACTIONS:
        return None
    return Rename.read(payload)
