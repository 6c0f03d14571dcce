"""DynamoDB in memory: the actions that the stores use, each call atomic.

moto answers a call in milliseconds; a test that goes through thousands of histories needs less.
tests/functional/test_memory_tables.py holds the two side by side.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from threading import RLock
from typing import Any

from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError
from tests.fakes.expressions import Item, condition, copied, update
from tests.fakes.tables import KEYS

BY_PARTITION = re.compile(r"#?\w+ = (:\w+)(?: AND )?")


class MemoryTables(DynamoDb):
    """All tables of the service. `before` is called with each action's name, `after` as well.

    What either raises leaves the call: before it is made, or when it is.
    """

    def __init__(self) -> None:
        super().__init__(calls=object())  # type: ignore[arg-type]
        self.tables: dict[str, dict[tuple[str, ...], Item]] = {name: {} for name in KEYS}
        self.before: Callable[[str], None] = lambda _action: None
        self.after: Callable[[str], None] = lambda _action: None
        self._lock = RLock()
        self._tokens: set[str] = set()

    def get_item(self, **request: Any) -> Item:
        def get() -> Item:
            row = self._table(request).get(_key(request["TableName"], request["Key"]))
            return {"Item": _projected(row, request)} if row else {}

        return self._call("get_item", request, get)

    def put_item(self, **request: Any) -> Item:
        return self._call("put_item", request, lambda: self._write("Put", request))

    def update_item(self, **request: Any) -> Item:
        return self._call("update_item", request, lambda: self._write("Update", request))

    def delete_item(self, **request: Any) -> Item:
        return self._call("delete_item", request, lambda: self._write("Delete", request))

    def query(self, **request: Any) -> Item:
        return self._call("query", request, lambda: self._query(request))

    def scan(self, **request: Any) -> Item:
        rows = _filtered(self._table(request).values(), request)
        return {"Items": [_projected(row, request) for row in rows]}

    def scan_pages(self, **request: Any) -> Iterator[Item]:
        yield self._call("scan", request, lambda: self.scan(**request))

    def batch_get_item(self, **request: Any) -> Item:
        def get() -> Item:
            found: dict[str, list[Item]] = {}
            for table, wanted in request["RequestItems"].items():
                rows = (self.tables[table].get(_key(table, key)) for key in wanted["Keys"])
                found[table] = [_projected(row, wanted) for row in rows if row]
            return {"Responses": found}

        return self._call("batch_get_item", request, get)

    def batch_write_item(self, **request: Any) -> Item:
        def write() -> Item:
            for table, writes in request["RequestItems"].items():
                for each in writes:
                    self._batched(table, each)
            return {}

        return self._call("batch_write_item", request, write)

    def transact_write_items(self, **request: Any) -> Item:
        return self._call("transact_write_items", request, lambda: self._transact(request))

    def _call(self, action: str, request: Item, do: Callable[[], Item]) -> Item:
        self.before(action)
        with self._lock:
            answer = self._answer(action, request, do)
        self.after(action)
        return answer

    def _answer(self, action: str, request: Item, do: Callable[[], Item]) -> Item:
        return do()

    def _table(self, request: Item) -> dict[tuple[str, ...], Item]:
        return self.tables[request["TableName"]]

    def _write(self, kind: str, request: Item) -> Item:
        row, made = self._checked(kind, request)
        if made is False:
            wanted = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            code = "ConditionalCheckFailedException"
            response = {"Item": copied(row)} if row and wanted else {}
            raise AwsError("dynamodb", kind, code, status=400, response=response)
        self._keep(kind, request, made)
        match request.get("ReturnValues"):
            case "ALL_OLD" if row:
                return {"Attributes": copied(row)}
            case "ALL_NEW":
                return {"Attributes": copied(made)}
        return {}

    def _checked(self, kind: str, request: Item) -> tuple[Item | None, Any]:
        """Return a row and what a write makes of it; False when its condition does not hold."""
        key = request["Item"] if kind == "Put" else request["Key"]
        row = self._table(request).get(_key(request["TableName"], key))
        needed = request.get("ConditionExpression")
        if needed and not condition(needed)(row or {}, request):
            return row, False
        if kind == "Update":
            return row, update(request["UpdateExpression"])(row or copied(key), request)
        return row, copied(request["Item"]) if kind == "Put" else None

    def _keep(self, kind: str, request: Item, made: Item | None) -> None:
        key = _key(request["TableName"], request["Item" if kind == "Put" else "Key"])
        if made is None:
            self._table(request).pop(key, None)
        else:
            self._table(request)[key] = made

    def _batched(self, table: str, write: Item) -> None:
        if "PutRequest" in write:
            item = write["PutRequest"]["Item"]
            self.tables[table][_key(table, item)] = copied(item)
        else:
            self.tables[table].pop(_key(table, write["DeleteRequest"]["Key"]), None)

    def _transact(self, request: Item) -> Item:
        token = request.get("ClientRequestToken", "")
        if token in self._tokens:
            return {}
        actions = [(kind, each) for act in request["TransactItems"] for kind, each in act.items()]
        results = [self._checked(kind, each)[1] for kind, each in actions]
        if False in results:
            codes = [
                {"Code": "ConditionalCheckFailed" if made is False else "None"} for made in results
            ]
            raise AwsError("dynamodb", "TransactWriteItems", "TransactionCanceledException",
                           status=400, response={"CancellationReasons": codes})  # fmt: skip
        for (kind, each), made in zip(actions, results, strict=True):
            self._keep(kind, each, made)
        self._tokens |= {token} - {""}
        return {}

    def _query(self, request: Item) -> Item:
        name = request["TableName"]
        forward = request.get("ScanIndexForward", True)
        rows = sorted(self._matching(request), key=lambda row: _key(name, row), reverse=not forward)
        start = request.get("ExclusiveStartKey")
        if start:
            begin = _key(name, start)
            rows = [
                row for row in rows
                if (_key(name, row) > begin if forward else _key(name, row) < begin)
            ]  # fmt: skip
        limit = request.get("Limit", len(rows) + 1)
        page = rows[:limit]
        answer: Item = {"Items": [_projected(row, request) for row in _filtered(page, request)]}
        if len(rows) >= limit and page:
            answer["LastEvaluatedKey"] = {each: page[-1][each] for each in KEYS[name]}
        return answer

    def _matching(self, request: Item) -> Iterable[Item]:
        keys = request["KeyConditionExpression"]
        begin = BY_PARTITION.match(keys)
        assert begin, f"expected a condition that begins with the partition, got {keys}"
        wanted = request["ExpressionAttributeValues"][begin[1]]["S"]
        rows = (row for key, row in self._table(request).items() if key[0] == wanted)
        return _kept(rows, request, keys[begin.end() :])


def _filtered(rows: Iterable[Item], request: Item) -> Iterable[Item]:
    return _kept(rows, request, request.get("FilterExpression") or "")


def _kept(rows: Iterable[Item], request: Item, wanted: str) -> Iterable[Item]:
    """Return the rows for which an expression holds, all of them where there is none."""
    if not wanted:
        return rows
    holds = condition(wanted)
    return (row for row in rows if holds(row, request))


def _projected(row: Item, request: Item) -> Item:
    """Return a copy of what a request asks of a row."""
    wanted = request.get("ProjectionExpression")
    if not wanted:
        return copied(row)
    names = request.get("ExpressionAttributeNames") or {}
    asked = [names.get(name, name) for name in re.split(r"\s*,\s*", wanted)]
    return {name: copied(row[name]) for name in asked if name in row}


def _key(table: str, item: Item) -> tuple[str, ...]:
    return tuple(item[name]["S"] for name in KEYS[table])
