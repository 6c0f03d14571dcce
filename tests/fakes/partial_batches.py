"""Tables that process only a part of each batch, as DynamoDB may."""

from collections.abc import Sequence
from typing import Any

from roomcast_backend.aws.dynamodb import DynamoDb, Output
from roomcast_backend.aws.errors import AwsError

EVERYTHING = 100


class PartialBatches(DynamoDb):
    """Processes as many keys of call 1, 2, … as `processed` says, later ones like the last.

    An `AwsError` in place of a number is raised. Every key that is read exists.
    """

    def __init__(self, *processed: int | AwsError) -> None:
        self._processed = list(processed)
        self.batches: list[list[Any]] = []

    def batch_get_item(self, **request: Any) -> Output:
        ((table, wanted),) = request["RequestItems"].items()
        assert wanted["ConsistentRead"] is True
        done, left = self._process(wanted["Keys"])
        unprocessed = {table: {**wanted, "Keys": left}} if left else {}
        return {"Responses": {table: done}, "UnprocessedKeys": unprocessed}

    def batch_write_item(self, **request: Any) -> Output:
        ((table, deletions),) = request["RequestItems"].items()
        _, left = self._process(deletions)
        return {"UnprocessedItems": {table: left} if left else {}}

    def _process(self, batch: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        self.batches.append(list(batch))
        number = min(len(self.batches), len(self._processed)) - 1
        count = self._processed[number]
        if isinstance(count, AwsError):
            raise count
        return list(batch[:count]), list(batch[count:])
