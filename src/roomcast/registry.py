"""The registry: links GitHub repositories to projects, and GitHub logins to users.

One DynamoDB table, partition key `entry`:

    repo#<owner/name, lower case>    name, project_id
    login#<login, lower case>        name, user_id

GitHub's names are case-insensitive, so `Octo/Hello` and `octo/hello` are one entry; `name` keeps
the spelling that was linked. The command line writes the table, the webhook function reads it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from roomcast.errors import RoomcastError
from roomcast.rooms import canonical_id, is_id, is_user_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# An enterprise with managed accounts adds an underscore and its short code to every login.
_LOGIN: Final = r"[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38}(?:_[A-Za-z0-9]{1,8})?"
_USER: Final = re.compile(rf"{_LOGIN}(?:\[bot\])?", re.ASCII)
_REPOSITORY: Final = re.compile(rf"{_LOGIN}/(?!\.{{1,2}}$)[A-Za-z0-9._-]{{1,100}}", re.ASCII)


class InvalidLink(RoomcastError, ValueError):
    """A repository, login, project id or user id is malformed; nothing was stored."""


@dataclass(frozen=True, slots=True)
class RepositoryLink:
    """A repository (`owner/name`) and the project that its events go to."""

    repository: str
    project_id: str


@dataclass(frozen=True, slots=True)
class UserLink:
    """A GitHub login and the user who receives the events of issues assigned to it."""

    login: str
    user_id: str


class Registry:
    """Reads and writes the registry's table; boto3's errors are passed on."""

    def __init__(self, table: str, *, client: "DynamoDBClient") -> None:
        self._table = table
        self._client = client

    def link_repository(self, repository: str, project_id: str) -> RepositoryLink:
        """Link a repository (`owner/name`) to a project; replace an earlier link.

        Raises `InvalidLink`.
        """
        link = RepositoryLink(_repository(repository), _id("project", project_id))
        self._put(_repository_key(repository), name=link.repository, project_id=link.project_id)
        return link

    def link_user(self, login: str, user_id: str) -> UserLink:
        """Link a GitHub login to a user; replace an earlier link. Raises `InvalidLink`."""
        link = UserLink(_user(login), _id("user", user_id))
        self._put(_user_key(login), name=link.login, user_id=link.user_id)
        return link

    def unlink_repository(self, repository: str) -> bool:
        """Delete a repository's link; tell whether there was one. Raises `InvalidLink`."""
        return self._delete(_repository_key(_repository(repository)))

    def unlink_user(self, login: str) -> bool:
        """Delete a login's link; tell whether there was one. Raises `InvalidLink`."""
        return self._delete(_user_key(_user(login)))

    def project_of(self, repository: str) -> str | None:
        """Return the id of the project that a repository is linked to, None without a link."""
        return self._get(_repository_key(repository), "project_id")

    def user_of(self, login: str) -> str | None:
        """Return the id of the user that a GitHub login is linked to, None without a link."""
        return self._get(_user_key(login), "user_id")

    def links(self) -> Iterator[RepositoryLink | UserLink]:
        """Yield every link, in no order. This reads the whole table: never call it in a request."""
        for page in self._client.get_paginator("scan").paginate(TableName=self._table):
            for item in page["Items"]:
                yield _link_of(item)

    def _put(self, entry: str, **attributes: str) -> None:
        item: Any = {name: {"S": value} for name, value in attributes.items()}
        self._client.put_item(TableName=self._table, Item={**_key(entry), **item})

    def _delete(self, entry: str) -> bool:
        answer = self._client.delete_item(
            TableName=self._table, Key=_key(entry), ReturnValues="ALL_OLD"
        )
        return bool(answer.get("Attributes"))

    def _get(self, entry: str, attribute: str) -> str | None:
        # A consistent read: the first webhook after the command returned finds the link.
        answer = self._client.get_item(TableName=self._table, Key=_key(entry), ConsistentRead=True)
        return answer["Item"][attribute]["S"] if "Item" in answer else None


def _key(entry: str) -> Any:
    return {"entry": {"S": entry}}


def _repository_key(repository: str) -> str:
    return f"repo#{repository.lower()}"


def _user_key(login: str) -> str:
    return f"login#{login.lower()}"


def _link_of(item: Any) -> RepositoryLink | UserLink:
    if "project_id" in item:
        return RepositoryLink(item["name"]["S"], item["project_id"]["S"])
    return UserLink(item["name"]["S"], item["user_id"]["S"])


def _repository(name: str) -> str:
    """Check a repository's full name by GitHub's rules for accounts and repositories.

    https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
    """
    if not _REPOSITORY.fullmatch(name) or name.lower().endswith(".git"):
        raise InvalidLink(f"not a GitHub repository: expected OWNER/NAME, got {name!r}")
    return name


def _user(login: str) -> str:
    if not _USER.fullmatch(login):
        raise InvalidLink(
            "not a GitHub login: expected up to 39 letters, digits and single hyphens, "
            f"got {login!r}"
        )
    return login


def _id(kind: str, value: str) -> str:
    if not (is_user_id(value) if kind == "user" else is_id(value)):
        raise InvalidLink(f"not a {kind} id: expected 1 to 128 of A-Z a-z 0-9 . _ -, got {value!r}")
    return canonical_id(value)
