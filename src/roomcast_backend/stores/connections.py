"""The connections table: one row per connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.model.connection import Connection
from roomcast_backend.settings import Settings
from roomcast_backend.stores.items import (
    Item,
    connection_item,
    connection_of,
    number,
    text,
)

KNOWN = "attribute_exists(connection_id)"
IDLE = "(attribute_not_exists(arrival_time) OR arrival_time <= :now)"
CONDITION_FAILED = "ConditionalCheckFailedException"
NOT_GREETED = "(attribute_not_exists(greeting_until) OR greeting_until <= :now)"
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
    """

    interval: int
    burst: int

    @property
    def tolerance(self) -> int:
        """How many milliseconds the theoretical arrival time may lie ahead of now."""
        return self.interval * (self.burst - 1)


@dataclass(frozen=True, slots=True)
class RateLimited:
    """A command came too early; the next one is taken after `retry_after` milliseconds."""

    protocol: str
    retry_after: int


class ConnectionStore:
    """Reads and writes single rows of the connections table."""

    def __init__(self, settings: Settings, *, client: DynamoDb | None = None) -> None:
        self._table = settings.connections_table
        self._client = client or clients.dynamodb()

    def put(self, connection: Connection) -> None:
        """Store a new connection; storing it again changes nothing."""
        self._client.put_item(TableName=self._table, Item=connection_item(connection))

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
        self, connection_id: str, *, now: int, limit: RateLimit
    ) -> Connection | RateLimited | None:
        """Count one command against the connection's rate limit; `now` is epoch milliseconds.

        Returns the connection, `RateLimited` when it sends too often, None when it is unknown.
        An idle connection takes one conditional update, which sets its arrival time. A busy one
        takes a second, which moves on an arrival time that lies ahead of now.
        """
        values = {":now": number(now), ":next": number(now + limit.interval)}
        admitted, row = self._update(
            connection_id, "SET arrival_time = :next", f"{KNOWN} AND {IDLE}", values
        )
        if row is None:
            return None
        if admitted:
            return connection_of(row)
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
        ahead = int(row["arrival_time"]["N"]) - now - limit.tolerance
        return RateLimited(row["protocol"]["S"], max(ahead, 1))

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

    def end_claim(self, connection_id: str, *, claimed: int, until: int) -> None:
        """Change the end of a lease from `claimed` to `GREETED` or `RELEASED`.

        Changes nothing when another invocation has taken the lease over, or the row is gone.
        """
        values = {":claimed": number(claimed), ":until": number(until)}
        update, condition = "SET greeting_until = :until", "greeting_until = :claimed"
        self._update(connection_id, update, condition, values)

    def _update(
        self, connection_id: str, update: str, condition: str, values: Item
    ) -> tuple[bool, Item | None]:
        """Return whether the condition held, and the row: updated, or unchanged when it did not."""
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(connection_id),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except AwsError as exc:
            if exc.code != CONDITION_FAILED:
                raise
            return False, exc.response.get("Item")
        return True, answer["Attributes"]


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
