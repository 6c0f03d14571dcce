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
AT_REST = "(attribute_not_exists(paced_until) OR paced_until <= :now)"
REFUSED = "ConditionalCheckFailedException"
BUSY_WITHIN_BURST = "paced_until > :now AND paced_until <= :limit"


@dataclass(frozen=True, slots=True)
class CommandRate:
    """How fast one connection may send: one command per `interval`, `burst` of them at once.

    Milliseconds. Kept as the time until which the connection's commands are accounted for, which
    needs one number and no clearing (the generic cell rate algorithm, ITU-T I.371).
    """

    interval: int
    burst: int

    @property
    def credit(self) -> int:
        """How far that time may lie ahead of now."""
        return self.interval * (self.burst - 1)


@dataclass(frozen=True, slots=True)
class TooFast:
    """A command came before its time; `retry_after` milliseconds until the next one is taken."""

    protocol: str
    retry_after: int


class ConnectionStore:
    """Reads and writes single connections."""

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

    def take(self, connection_id: str) -> Connection | None:
        """Delete a connection and return it as it was last; None when it is already gone.

        From here on nothing can join for it: joining asks that the row exists.
        """
        answer = self._client.delete_item(
            TableName=self._table, Key=_key(connection_id), ReturnValues="ALL_OLD"
        )
        return connection_of(answer["Attributes"]) if answer.get("Attributes") else None

    def admit(
        self, connection_id: str, *, now: int, rate: CommandRate
    ) -> Connection | TooFast | None:
        """Account for one command, `now` in epoch milliseconds.

        Returns the connection, `TooFast` when it sends faster than `rate`, None when it is unknown.
        One conditional update for a connection at rest; a second one for a busy one, whose clock
        runs ahead of now and is moved on instead of set.
        """
        values = {":now": number(now), ":next": number(now + rate.interval)}
        admitted, row = self._update(
            connection_id, "SET paced_until = :next", f"{KNOWN} AND {AT_REST}", values
        )
        if row is None:
            return None
        if admitted:
            return connection_of(row)
        values = {
            ":now": number(now),
            ":interval": number(rate.interval),
            ":limit": number(now + rate.credit),
        }
        update = "SET paced_until = paced_until + :interval"
        admitted, row = self._update(connection_id, update, BUSY_WITHIN_BURST, values)
        if row is None:
            return None
        if admitted:
            return connection_of(row)
        ahead = int(row["paced_until"]["N"]) - now - rate.credit
        return TooFast(row["protocol"]["S"], max(ahead, 1))

    def _update(
        self, connection_id: str, update: str, condition: str, values: Item
    ) -> tuple[bool, Item | None]:
        """Return whether the update was made, and the row: the new one, else the one refused."""
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
            if exc.code != REFUSED:
                raise
            return False, exc.response.get("Item")
        return True, answer["Attributes"]


@contextmanager
def unless_refused() -> Iterator[None]:
    """Ignore that the condition of a write does not hold."""
    try:
        yield
    except AwsError as exc:
        if exc.code != REFUSED:
            raise


def _key(connection_id: str) -> Item:
    return {"connection_id": text(connection_id)}
