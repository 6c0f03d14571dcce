"""DynamoDB: the actions that the stores use, with boto3's names and its low-level JSON.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

import os
from collections.abc import Iterator
from typing import Any

from roomcast_backend.aws.endpoints import Service
from roomcast_backend.aws.service_client import ServiceClient

SERVICE = Service("dynamodb", "DYNAMODB", target="DynamoDB_20120810")

Output = dict[str, Any]
"""An action's output as DynamoDB writes it: bytes are base64, empty fields may be missing."""


class DynamoDb:
    """Calls actions on tables: parameters have boto3's names; every method raises `AwsError`."""

    def __init__(self, calls: ServiceClient | None = None) -> None:
        self._calls = calls or ServiceClient(SERVICE)

    def get_item(self, **request: Any) -> Output:
        """Read a row; without one there is no `Item`."""
        return self._calls.json("GetItem", request)

    def put_item(self, **request: Any) -> Output:
        """Write a whole row."""
        return self._calls.json("PutItem", request)

    def update_item(self, **request: Any) -> Output:
        """Change a row, or create it."""
        return self._calls.json("UpdateItem", request)

    def delete_item(self, **request: Any) -> Output:
        """Delete a row, if there is one."""
        return self._calls.json("DeleteItem", request)

    def query(self, **request: Any) -> Output:
        """Read one page of a partition, at most 1 MB; `LastEvaluatedKey` when there may be more."""
        return self._calls.json("Query", request)

    def query_pages(self, **request: Any) -> Iterator[Output]:
        """Read all pages of a partition."""
        while True:
            page = self.query(**request)
            yield page
            if not page.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def scan_pages(self, **request: Any) -> Iterator[Output]:
        """Read all pages of a whole table, eventually consistent."""
        while True:
            page = self._calls.json("Scan", request)
            yield page
            if not page.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def batch_get_item(self, **request: Any) -> Output:
        """Read up to 100 rows; what DynamoDB left is in `UnprocessedKeys`."""
        return self._calls.json("BatchGetItem", request)

    def batch_write_item(self, **request: Any) -> Output:
        """Write and delete up to 25 rows; what DynamoDB left is in `UnprocessedItems`."""
        return self._calls.json("BatchWriteItem", request)

    def transact_write_items(self, **request: Any) -> Output:
        """Make up to 100 writes or none. However often the request is sent, they count once."""
        request.setdefault("ClientRequestToken", os.urandom(16).hex())
        return self._calls.json("TransactWriteItems", request)
