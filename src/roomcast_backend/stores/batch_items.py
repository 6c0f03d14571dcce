"""BatchGetItem and BatchWriteItem, repeated for what DynamoDB leaves unprocessed.

call ─▶ everything processed ─▶ done
  └──▶ keys or items are left ─▶ pause ─▶ call with these ─▶ … ─▶ `AwsError`

The repetition ends after `BACKOFF.attempts` calls for one batch, or when the next pause would not
end in time: DynamoDB may leave keys in every answer, and an invocation has an end.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html#Programming.Errors.BatchOperations
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from roomcast.backoff import Backoff
from roomcast_backend.aws.dynamodb import SERVICE, DynamoDb, Output
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.stores.items import Item

MOST_READS: Final = 100
"""The most keys in one BatchGetItem."""

MOST_WRITES: Final = 25
"""The most writes in one BatchWriteItem."""

BACKOFF: Final = Backoff(base=0.05, cap=1.0, attempts=8)

LONGEST_SECONDS: Final = 10.0
"""How long the batches of one operation may take in all when the caller names no end."""


class _Operation(NamedTuple):
    """One of the two actions: its name, and the field of its output for what is left."""

    action: str
    unprocessed: str


_READ: Final = _Operation("BatchGetItem", "UnprocessedKeys")
_WRITE: Final = _Operation("BatchWriteItem", "UnprocessedItems")


class BatchItems:
    """Reads, writes and deletes many items; `draw` returns a random number from 0 to 1."""

    def __init__(
        self,
        client: DynamoDb,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._sleep = sleep
        self._clock = clock
        self._draw = draw

    def get(self, table: str, keys: Sequence[Item], *, until: float | None = None) -> list[Item]:
        """Return the items that exist under `keys`, read consistently, in any order.

        Raises `AwsError` when keys are still left after the last attempt, or when the next pause
        would reach `until` (epoch seconds; `LONGEST_SECONDS` from now when it is not given).
        """
        end = self._end(until)
        found: list[Item] = []
        for batch in _batches(keys, MOST_READS):
            request = {table: {"Keys": batch, "ConsistentRead": True}}
            for output in self._repeat(_READ, self._client.batch_get_item, request, end):
                found += output["Responses"].get(table, [])
        return found

    def delete(self, table: str, keys: Sequence[Item], *, until: float | None = None) -> None:
        """Delete the items under `keys`, as far as they exist; raise `AwsError` as `get` does."""
        end = self._end(until)
        for batch in _batches(keys, MOST_WRITES):
            request = {table: [{"DeleteRequest": {"Key": key}} for key in batch]}
            for _ in self._repeat(_WRITE, self._client.batch_write_item, request, end):
                pass

    def put(self, table: str, items: Sequence[Item], *, until: float | None = None) -> None:
        """Write items with different keys, whole; raise `AwsError` as `get` does."""
        end = self._end(until)
        for batch in _batches(items, MOST_WRITES):
            request = {table: [{"PutRequest": {"Item": item}} for item in batch]}
            for _ in self._repeat(_WRITE, self._client.batch_write_item, request, end):
                pass

    def _end(self, until: float | None) -> float:
        return self._clock() + LONGEST_SECONDS if until is None else until

    def _repeat(
        self, operation: _Operation, call: Callable[..., Output], request: Any, end: float
    ) -> Iterator[Output]:
        """Yield the output of each call until nothing is left."""
        for retry in range(BACKOFF.attempts):
            output = call(RequestItems=request)
            yield output
            request = output.get(operation.unprocessed)
            if not request:
                return
            pause = BACKOFF.pause(retry, self._draw)
            if retry == BACKOFF.attempts - 1 or self._clock() + pause >= end:
                break
            self._sleep(pause)
        message = f"expected a whole batch to be processed, a part is left after {retry + 1} calls"
        raise AwsError(SERVICE.name, operation.action, "Unprocessed", message=message)


def _batches(keys: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
