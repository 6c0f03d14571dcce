"""The connections table: one row per connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from roomcast.tenants import public_name, tenant_of
from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.model.connection import Connection, State
from roomcast_backend.settings import Settings
from roomcast_backend.stores.items import (
    ISSUED,
    TENANT,
    Item,
    connection_item,
    connection_of,
    number,
    text,
)

KNOWN = "attribute_exists(connection_id)"
LIVING = f"{KNOWN} AND attribute_not_exists(closing)"
IDLE = "(attribute_not_exists(arrival_time) OR arrival_time <= :now)"
TRANSACTION_CONFLICT = "TransactionConflictException"
CONFLICT_REPEATS = 4
"""How often an update that met a transaction is sent again, with the pauses of `ServiceClient`.

It sends such a write three times each. A client that joins all its rooms one by one, at once, has
a transaction under way on its row for seconds.
"""

CONDITION_FAILED = "ConditionalCheckFailedException"
NOT_GREETED = "(attribute_not_exists(greeting_until) OR greeting_until <= :now)"
NOT_REFUSED = "(attribute_not_exists(refusal_time) OR refusal_time <= :now)"
WITHIN_BURST = "arrival_time > :now AND arrival_time <= :latest"

RELEASED = 0
GREETED = 2**53
"""Ends of a lease on greeting: over at once, and never."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How often a connection may send: a command per `interval`, `burst` at once; milliseconds.

    The generic cell rate algorithm (ITU-T I.371), a token bucket in one number: the row keeps the
    theoretical arrival time of the next command, `arrival_time`. It moves on by `interval` with
    each command, and may lie ahead of now by `tolerance`.

    Refused commands are counted alike: `refusal_time` moves on by `interval` with each of them. A
    connection with `flood` of them more than one per `interval` is flooding; 0: none ever is.
    """

    interval: int
    burst: int
    flood: int = 100

    @property
    def tolerance(self) -> int:
        """How many milliseconds the theoretical arrival time may lie ahead of now."""
        return self.interval * (self.burst - 1)


@dataclass(frozen=True, slots=True)
class RateLimited:
    """A command came too early; the next one is taken after `retry_after` milliseconds.

    `flooding` is True for the refusal after which the connection is to be closed: for one of many
    that are counted at the same time, and again for each further `RateLimit.flood` of them.
    `namespaces` are those in which a Socket.IO connection has a session.
    """

    protocol: str
    retry_after: int
    flooding: bool = False
    namespaces: frozenset[str] = frozenset()


class ConnectionStore:
    """Reads and writes single rows of the connections table."""

    def __init__(self, settings: Settings, *, client: DynamoDb | None = None) -> None:
        self._table = settings.connections_table
        self._client = client or clients.dynamodb()

    def put(self, connection: Connection) -> None:
        """Store a new connection; storing it again changes nothing."""
        self._client.put_item(TableName=self._table, Item=connection_item(connection))

    def put_new(self, connection: Connection) -> None:
        """Store a connection, unless one is stored under its id already."""
        with unless_refused():
            self._client.put_item(
                TableName=self._table,
                Item=connection_item(connection),
                ConditionExpression="attribute_not_exists(connection_id)",
            )

    def get(self, connection_id: str) -> Connection | None:
        """Return a connection, or None when it is unknown or gone."""
        answer = self._client.get_item(
            TableName=self._table, Key=_key(connection_id), ConsistentRead=True
        )
        return connection_of(answer["Item"]) if "Item" in answer else None

    def delete(self, connection_id: str) -> Connection | None:
        """Delete a connection and return its last state; None when it is already gone.

        After this nothing can join for it: joining has the condition that the row exists.
        """
        answer = self._client.delete_item(
            TableName=self._table, Key=_key(connection_id), ReturnValues="ALL_OLD"
        )
        return connection_of(answer["Attributes"]) if answer.get("Attributes") else None

    def admit(
        self, connection_id: str, *, now: int, limit: RateLimit, uncounted: int = 0
    ) -> Connection | RateLimited | None:
        """Count one command against the connection's rate limit; `now` is epoch milliseconds.

        Returns the connection, `RateLimited` when it sends too often, None when it is unknown.
        An idle connection takes one conditional update, which sets its arrival time. A busy one
        takes a second, which moves on an arrival time that lies ahead of now, or counts a refused
        command and the `uncounted` ones that were refused before without asking.
        """
        values = {":now": number(now), ":next": number(now + limit.interval)}
        admitted, row = self._update(
            connection_id, "SET arrival_time = :next", f"{KNOWN} AND {IDLE}", values
        )
        if row is None:
            return None
        if admitted:
            return connection_of(row)
        if _time(row, "arrival_time") <= now + limit.tolerance:
            values = {
                ":now": number(now),
                ":interval": number(limit.interval),
                ":latest": number(now + limit.tolerance),
            }
            update = "SET arrival_time = arrival_time + :interval"
            admitted, row = self._update(connection_id, update, WITHIN_BURST, values)
            if row is None:
                return None
            if admitted:
                return connection_of(row)
        return self._refuse(row, now, limit, uncounted + 1)

    def _refuse(self, row: Item, now: int, limit: RateLimit, count: int) -> RateLimited | None:
        """Count refused commands of a connection; None when it has gone meanwhile.

        A container whose clock is behind may find the arrival time before now: it waits for 1 ms.
        """
        flooding = False
        if limit.flood:
            counted, fresh = self._count_refused(row, now, limit.interval * count)
            if fresh is None:
                return None
            if counted:
                ahead = _time(fresh, "refusal_time") - now
                most = max(limit.interval * limit.flood, 1)
                flooding = ahead // most > (ahead - limit.interval * count) // most
        connection = connection_of(row)
        pause = _time(row, "arrival_time") - now - limit.tolerance
        return RateLimited(connection.protocol, max(pause, 1), flooding, connection.namespaces)

    def _count_refused(self, row: Item, now: int, step: int) -> tuple[bool, Item | None]:
        """Move the refusal time on by `step` from now, or from where it lies ahead of now.

        Of several that find it behind now at the same time one sets it: the others do not count.
        """
        connection_id = row["connection_id"]["S"]
        if _time(row, "refusal_time") > now:
            update = "SET refusal_time = refusal_time + :step"
            return self._update(connection_id, update, KNOWN, {":step": number(step)})
        values = {":now": number(now), ":next": number(now + step)}
        condition = f"{KNOWN} AND {NOT_REFUSED}"
        return self._update(connection_id, "SET refusal_time = :next", condition, values)

    def close_expired(self, connection_id: str, *, expired_at: int) -> bool:
        """Mark a connection as closing, unless its token expires later than one that has expired.

        After this it gets no other token. True as well when it is unknown: nothing keeps it.
        """
        values = {":expired_at": number(expired_at)}
        return self._close(connection_id, "expires_at <= :expired_at", values)

    def close_revoked(self, connection_id: str, *, account: str, issued_before: int) -> bool:
        """Mark a connection as closing, unless its token was issued later or is another user's.

        `account` is the principal's, see there.
        A row without the time of its token's issue counts as old. True as well when it is unknown.
        """
        old = f"(attribute_not_exists({ISSUED}) OR {ISSUED} < :issued_before)"
        values = {":user": text(public_name(account)), ":issued_before": number(issued_before)}
        tenant = tenant_of(account)
        same = f"{TENANT} = :tenant" if tenant else f"attribute_not_exists({TENANT})"
        if tenant:
            values[":tenant"] = text(tenant)
        return self._close(connection_id, f"user_id = :user AND {same} AND {old}", values)

    def close_pending(self, connection_id: str) -> bool:
        """Mark a connection as closing if it has had no token; True as well when it is unknown."""
        return self._close(connection_id, "#state = :pending", {":pending": text(State.PENDING)})

    def _close(self, connection_id: str, condition: str, values: Item) -> bool:
        marked, row = self._update(
            connection_id,
            "SET closing = :true",
            f"{KNOWN} AND {condition}",
            {**values, ":true": {"BOOL": True}},
            aliases={"#state": "state"} if "#state" in condition else None,
        )
        return marked or row is None

    def charge(self, connection_id: str, commands: int, *, limit: RateLimit) -> None:
        """Count commands of a connection that are done already, whatever its limit is.

        The one that is being answered has set the arrival time. It can lie beyond the limit
        afterwards: no command is taken until that is made up for.
        """
        values = {":cost": number(commands * limit.interval)}
        update = "SET arrival_time = arrival_time + :cost"
        self._update(connection_id, update, "attribute_exists(arrival_time)", values)

    def claim_greeting(self, connection_id: str, *, now: int, until: int) -> Connection | None:
        """Take the lease on greeting a connection or session; times are epoch milliseconds.

        Returns the connection. None when it is unknown, has been greeted, or another invocation has
        a lease that is not over: Lambda may run an asynchronous invocation twice.
        https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        """
        values = {":now": number(now), ":until": number(until)}
        claimed, row = self._update(
            connection_id, "SET greeting_until = :until", f"{KNOWN} AND {NOT_GREETED}", values
        )
        return connection_of(row) if claimed and row is not None else None

    def end_claim(
        self, connection_id: str, *, claimed: int, until: int, greeted_at: int = 0
    ) -> None:
        """Change the end of a lease from `claimed` to `GREETED` or `RELEASED`.

        `greeted_at` is the time of the greeting, epoch milliseconds; 0 when there was none.
        Changes nothing when another invocation has taken the lease over, or the row is gone.
        """
        values = {":claimed": number(claimed), ":until": number(until)}
        update, condition = "SET greeting_until = :until", "greeting_until = :claimed"
        if greeted_at:
            update += ", greeted_at = :greeted_at"
            values[":greeted_at"] = number(greeted_at)
        self._update(connection_id, update, condition, values)

    def _update(
        self,
        connection_id: str,
        update: str,
        condition: str,
        values: Item,
        *,
        aliases: dict[str, str] | None = None,
    ) -> tuple[bool, Item | None]:
        """Return whether the condition held, and the row: updated, or unchanged when it did not."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": _key(connection_id),
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if aliases:
            request["ExpressionAttributeNames"] = aliases
        for repeat in range(CONFLICT_REPEATS + 1):
            try:
                answer = self._client.update_item(**request)
            except AwsError as exc:
                if exc.code == CONDITION_FAILED:
                    return False, exc.response.get("Item")
                if exc.code != TRANSACTION_CONFLICT or repeat == CONFLICT_REPEATS:
                    raise
            else:
                return True, answer["Attributes"]
        raise AssertionError("the last attempt returns or raises")


@contextmanager
def unless_refused() -> Iterator[None]:
    """Ignore that the condition of the write inside does not hold."""
    try:
        yield
    except AwsError as exc:
        if exc.code != CONDITION_FAILED:
            raise


def _key(connection_id: str) -> Item:
    return {"connection_id": text(connection_id)}


def _time(row: Item, name: str) -> int:
    """Return a time of a row, epoch milliseconds; 0 when it has none."""
    return int(row[name]["N"]) if name in row else 0
