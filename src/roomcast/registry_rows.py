"""The links and the rows of the registry's table, whose keys roomcast.registry describes."""

from dataclasses import dataclass, field
from typing import Any

from roomcast import github_names
from roomcast.errors import RoomcastError
from roomcast.rooms import canonical_id, is_id, is_user_id


class InvalidLink(RoomcastError, ValueError):
    """A repository, login, project id or user id is malformed; nothing was stored."""


@dataclass(frozen=True, slots=True)
class RepositoryLink:
    """A repository (`owner/name`) and the project that its events go to.

    `repository_id` is None until the first webhook of that name came, or the command line told it.
    `tenant` is the one whose project that is, None for no tenant.
    """

    repository: str
    project_id: str
    repository_id: int | None = None
    first_name: str | None = field(default=None, compare=False)
    named_at: str | None = field(default=None, compare=False)
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class UserLink:
    """A GitHub login and the user who receives the events of issues assigned to it."""

    login: str
    user_id: str


def name_key(repository: str) -> str:
    """Return the key of the row of a repository's name."""
    return f"repo#{repository.lower()}"


def id_key(repository_id: int) -> str:
    """Return the key of the row of a repository's id."""
    return f"repo-id#{repository_id}"


def login_key(login: str) -> str:
    """Return the key of a login's row."""
    return f"login#{login.lower()}"


def key_of(entry: str) -> Any:
    """Return the key of a row as DynamoDB wants it."""
    return {"entry": {"S": entry}}


def item_of(row: dict[str, str]) -> Any:
    """Return a row as DynamoDB wants it; every attribute is text."""
    return {name: {"S": value} for name, value in row.items()}


def name_row(link: RepositoryLink) -> dict[str, str]:
    """Return the row of a link's name."""
    row = {"name": link.repository, "project_id": link.project_id}
    if link.repository_id is not None:
        row["repository_id"] = str(link.repository_id)
    if link.tenant:
        row["tenant"] = link.tenant
    return {"entry": name_key(link.repository), **row}


def id_row(link: RepositoryLink, repository_id: int) -> dict[str, str]:
    """Return the row of an id, with what its link says."""
    known = {"first_name": link.first_name, "named_at": link.named_at, "tenant": link.tenant}
    return {
        "entry": id_key(repository_id),
        "name": link.repository,
        "project_id": link.project_id,
        **{name: value for name, value in known.items() if value is not None},
    }


def pointed_to(item: Any) -> str:
    """Return the key of the id's row that the row of a name points to."""
    return id_key(int(item["repository_id"]["S"]))


def text(item: Any, name: str) -> str | None:
    """Return an attribute, None when the row has none of that name."""
    return item[name]["S"] if name in item else None


def link_of(item: Any) -> RepositoryLink | UserLink:
    """Return the link of a row."""
    if "project_id" in item:
        return repository_of(item)
    return UserLink(item["name"]["S"], item["user_id"]["S"])


def repository_of(item: Any) -> RepositoryLink:
    """Return the link of the row of a name or of an id."""
    kind, _, key = item["entry"]["S"].partition("#")
    number = key if kind == "repo-id" else text(item, "repository_id")
    return RepositoryLink(
        item["name"]["S"],
        item["project_id"]["S"],
        None if number is None else int(number),
        first_name=text(item, "first_name"),
        named_at=text(item, "named_at"),
        tenant=text(item, "tenant"),
    )


def to_the_same(link: RepositoryLink) -> tuple[str, dict[str, str]]:
    """Return the condition that a row has the project and the tenant of a link, and its values."""
    if link.tenant:
        values = {"project": link.project_id, "tenant": link.tenant}
        return "project_id = :project AND tenant = :tenant", values
    condition = "project_id = :project AND attribute_not_exists(tenant)"
    return condition, {"project": link.project_id}


def checked_repository(name: str) -> str:
    """Return a repository's full name; raise `InvalidLink` unless GitHub could have it."""
    if not github_names.is_repository(name):
        raise InvalidLink(f"not a GitHub repository: expected OWNER/NAME, got {name!r}")
    return name


def checked_repository_id(number: int | None) -> int | None:
    """Return a repository's id; raise `InvalidLink` unless GitHub could have it."""
    if number is not None and not github_names.is_repository_id(number):
        raise InvalidLink(f"not the id of a GitHub repository: expected 1 or more, got {number}")
    return number


def checked_login(login: str) -> str:
    """Return a login; raise `InvalidLink` unless GitHub could have it."""
    if not github_names.is_login(login):
        raise InvalidLink(
            "not a GitHub login: expected up to 39 letters, digits and hyphens, with _ and a short "
            f"code for managed users, [bot] for apps, got {login!r}"
        )
    return login


def checked_id(kind: str, value: str) -> str:
    """Return the id of a project or user; raise `InvalidLink` unless it is one."""
    if not (is_user_id(value) if kind == "user" else is_id(value)):
        raise InvalidLink(f"not a {kind} id: expected 1 to 128 of A-Z a-z 0-9 . _ -, got {value!r}")
    return canonical_id(value)
