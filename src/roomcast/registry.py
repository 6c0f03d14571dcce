"""The registry: links GitHub repositories to projects, and GitHub logins to users.

One DynamoDB table, partition key `entry`:

    repo#<owner/name, lower case>    name, project_id, repository_id?, tenant?
    repo-id#<GitHub's id>            name, project_id, first_name?, named_at?, tenant?
    login#<login, lower case>        name, user_id

GitHub's names are case-insensitive, so `Octo/Hello` and `octo/hello` are one entry; `name` keeps
the spelling that was linked. A link begins with a name. The first webhook of that name brings the
repository's id, and from then on the row of the id decides: a renamed repository stays linked, and
another one that takes its name gets nothing of the link. `first_name` is the name that the ids of
its objects are made of, `named_at` the time at which GitHub said that `name` is its name.

The command line writes the table. The webhook function reads it, notes ids and follows names.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from roomcast.errors import RoomcastError
from roomcast.registry_rows import (
    InvalidLink,
    RepositoryLink,
    UserLink,
    checked_id,
    checked_login,
    checked_repository,
    checked_repository_id,
    id_key,
    id_row,
    item_of,
    key_of,
    link_of,
    login_key,
    name_key,
    name_row,
    pointed_to,
    repository_of,
    text,
    to_the_same,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["InvalidLink", "Registry", "RegistryBusy", "RepositoryLink", "UserLink"]

BATCH_READS: Final = 5
"""How often a batch of logins is read before what DynamoDB leaves out counts as a fault."""


class RegistryBusy(RoomcastError):
    """DynamoDB answered for a part of the logins only, several times."""


class Registry:
    """Reads and writes the registry's table; boto3's errors are passed on."""

    def __init__(self, table: str, *, client: "DynamoDBClient") -> None:
        self._table = table
        self._client = client

    def link_repository(
        self,
        repository: str,
        project_id: str,
        repository_id: int | None = None,
        *,
        tenant: str | None = None,
    ) -> RepositoryLink:
        """Link a repository (`owner/name`) to a project; replace an earlier link of that name.

        With `tenant` it is the project of that tenant. Without `repository_id` the next webhook of
        that name brings it. This reads the whole table
        when an id is given or known. Raises `InvalidLink`.
        """
        link = RepositoryLink(
            checked_repository(repository),
            checked_id("project", project_id),
            checked_repository_id(repository_id),
            tenant=checked_id("tenant", tenant) if tenant else None,
        )
        if link.repository_id is not None:
            rows = [name_row(link), id_row(link, link.repository_id)]
            self._replace(self._entries(repository, repository_id), rows)
        elif not self._put(name_row(link), "attribute_not_exists(repository_id)"):
            self._replace(self._entries(repository, None), [name_row(link)])
        return link

    def link_user(self, login: str, user_id: str) -> UserLink:
        """Link a GitHub login to a user; replace an earlier link. Raises `InvalidLink`."""
        link = UserLink(checked_login(login), checked_id("user", user_id))
        row = {"entry": login_key(login), "name": link.login, "user_id": link.user_id}
        self._client.put_item(TableName=self._table, Item=item_of(row))
        return link

    def unlink_repository(self, repository: str) -> bool:
        """Delete a repository's link, whatever its id; tell whether there was one.

        This reads the whole table when no row has that name. Raises `InvalidLink`.
        """
        row = self._delete(name_key(checked_repository(repository)))
        if row is None:
            entries = self._entries(repository, None)
            for entry in entries:
                self._delete(entry)
            return bool(entries)
        if "repository_id" in row:
            self._delete(pointed_to(row), name=row["name"]["S"])
        return True

    def unlink_user(self, login: str) -> bool:
        """Delete a login's link; tell whether there was one. Raises `InvalidLink`."""
        return self._delete(login_key(checked_login(login))) is not None

    def project_of(self, repository: str) -> str | None:
        """Return the id of the project that a repository is linked to, None without a link."""
        link = self.by_name(repository)
        return link.project_id if link else None

    def by_name(self, repository: str) -> RepositoryLink | None:
        """Return the link of a name, None without one."""
        return self._repository_link(name_key(repository))

    def by_id(self, repository_id: int) -> RepositoryLink | None:
        """Return the link of a repository's id, None as long as no link has that id."""
        return self._repository_link(id_key(repository_id))

    def user_of(self, login: str) -> str | None:
        """Return the id of the user that a GitHub login is linked to, None without a link."""
        return self.users_of([login]).get(login)

    def users_of(self, logins: Iterable[str]) -> dict[str, str]:
        """Return the user ids of those logins that are linked, at most 100, in one read.

        Raises `RegistryBusy` when DynamoDB answers for a part only.
        """
        names = {login: login_key(login) for login in logins}
        items = self._read(sorted(set(names.values())))
        users = {item["entry"]["S"]: item["user_id"]["S"] for item in items}
        return {login: users[entry] for login, entry in names.items() if entry in users}

    def links(self) -> Iterator[RepositoryLink | UserLink]:
        """Yield every link, in no order. This reads the whole table, for admins only."""
        items = list(self._scan())
        by_id = {item["entry"]["S"] for item in items}
        for item in items:
            # The row of the id is the link, once there is one: the row of the name points to it.
            if "repository_id" not in item or pointed_to(item) not in by_id:
                yield link_of(item)

    def write_id(
        self, link: RepositoryLink, repository_id: int, *, instead_of: RepositoryLink | None = None
    ) -> bool:
        """Write the row of an id; tell whether it was as expected.

        With `instead_of` it must be there and lead to the same project, otherwise it must not be
        there.
        """
        row = id_row(link, repository_id)
        if instead_of is None:
            return self._put(row, "attribute_not_exists(entry)")
        condition, values = to_the_same(instead_of)
        return self._put(row, condition, **values)

    def write_name(
        self, link: RepositoryLink, repository_id: int, *, instead_of: RepositoryLink | None
    ) -> bool:
        """Write the row of a name with its id; tell whether it was as it had been read.

        `instead_of` is what `by_name` returned.
        """
        row = name_row(replace(link, repository_id=repository_id))
        if instead_of is None:
            return self._put(row, "attribute_not_exists(entry)")
        if instead_of.repository_id is None:
            condition, values = to_the_same(instead_of)
            return self._put(row, f"{condition} AND attribute_not_exists(repository_id)", **values)
        return self._put(row, "repository_id = :id", id=str(instead_of.repository_id))

    def delete_name(self, repository: str, repository_id: int) -> None:
        """Delete the row of a name, unless it has become another repository's."""
        self._delete(name_key(repository), repository_id=str(repository_id))

    def _put(self, row: dict[str, str], condition: str, **values: str) -> bool:
        """Write a row under a condition; tell whether it was met."""
        given = item_of({f":{name}": value for name, value in values.items()})
        request: Any = {"ExpressionAttributeValues": given} if given else {}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item_of(row),
                ConditionExpression=condition,
                **request,
            )
        except ClientError as exc:
            if _is_refused(exc):
                return False
            raise
        return True

    def _delete(self, entry: str, **expected: str) -> Any | None:
        """Delete a row that has the expected attributes; return it, None without one."""
        request: Any = {}
        if expected:
            request = {
                "ConditionExpression": " AND ".join(f"#{name} = :{name}" for name in expected),
                "ExpressionAttributeNames": {f"#{name}": name for name in expected},
                "ExpressionAttributeValues": item_of(
                    {f":{name}": value for name, value in expected.items()}
                ),
            }
        try:
            answer = self._client.delete_item(
                TableName=self._table, Key=key_of(entry), ReturnValues="ALL_OLD", **request
            )
        except ClientError as exc:
            if _is_refused(exc):
                return None
            raise
        return answer.get("Attributes") or None

    def _repository_link(self, entry: str) -> RepositoryLink | None:
        # A consistent read: the first webhook after the command returned finds the link.
        answer = self._client.get_item(
            TableName=self._table, Key=key_of(entry), ConsistentRead=True
        )
        item = answer.get("Item")
        return repository_of(item) if item else None

    def _read(self, entries: list[str]) -> list[Any]:
        found: list[Any] = []
        keys: Any = [key_of(entry) for entry in entries]
        for _ in range(BATCH_READS):
            if not keys:
                return found
            answer = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
            )
            found += answer["Responses"].get(self._table, [])
            left: Any = answer.get("UnprocessedKeys") or {}
            keys = left[self._table]["Keys"] if left else []
        raise RegistryBusy("the registry answered for a part of the logins only")

    def _scan(self) -> Iterator[Any]:
        paginator = self._client.get_paginator("scan")
        for page in paginator.paginate(TableName=self._table, ConsistentRead=True):
            yield from page["Items"]

    def _entries(self, repository: str, repository_id: int | None) -> set[str]:
        """Return the keys of all rows that a name has, and of those that an id has."""
        ids = {id_key(repository_id), str(repository_id)} if repository_id is not None else set()
        return {
            item["entry"]["S"]
            for item in self._scan()
            if "project_id" in item
            and (
                item["name"]["S"].lower() == repository.lower()
                or item["entry"]["S"] in ids
                or text(item, "repository_id") in ids
            )
        }

    def _replace(self, entries: set[str], rows: list[dict[str, str]]) -> None:
        """Delete rows and write others, all or none of it."""
        written = {row["entry"] for row in rows}
        actions: Any = [
            *({"Put": {"TableName": self._table, "Item": item_of(row)}} for row in rows),
            *(
                {"Delete": {"TableName": self._table, "Key": key_of(entry)}}
                for entry in sorted(entries - written)
            ),
        ]
        self._client.transact_write_items(TransactItems=actions)


def _is_refused(error: ClientError) -> bool:
    """Tell whether DynamoDB refused a write because of its condition."""
    return error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"
