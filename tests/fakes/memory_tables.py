"""DynamoDB in memory: the actions and expressions that the stores use, each call atomic.

moto answers a call in milliseconds; a test that goes through thousands of histories needs less.
tests/functional/test_memory_tables.py holds the two side by side.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from threading import RLock
from typing import Any, TypeVar

from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError
from tests.fakes.tables import KEYS

Item = dict[str, Any]
T = TypeVar("T")
TOKENS = re.compile(r"\s*(<>|<=|>=|[=<>(),+-]|[:#]?\w+)")
BY_PARTITION = re.compile(r"#?\w+ = (:\w+)(?: AND )?")
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: bool(left == right),
    "<>": lambda left, right: bool(left != right),
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
}


def plain(attribute: Item) -> Any:
    """Return the value of an attribute as it compares."""
    ((kind, value),) = attribute.items()
    if kind == "N":
        return int(value)
    if kind in ("SS", "NS"):
        return set(value)
    return str(value) if kind == "S" else value  # an enumeration's text is text once it is stored


def _copy(value: T) -> T:
    """Return a copy of an item; `deepcopy` takes five times as long."""
    copy: Any = value
    if isinstance(value, dict):
        copy = {name: _copy(each) for name, each in value.items()}
    elif isinstance(value, list):
        copy = [_copy(each) for each in value]
    return copy  # type: ignore[no-any-return]


@cache
def _tokens_of(text: str) -> list[str]:
    return [str(token) for token in TOKENS.findall(text)]


class Expression:
    """Reads one expression about one item, from left to right."""

    def __init__(self, text: str, item: Item, request: Item) -> None:
        self._tokens = _tokens_of(text)
        self._at = 0
        self._item = item
        self._names = request.get("ExpressionAttributeNames") or {}
        self._values = request.get("ExpressionAttributeValues") or {}

    def holds(self) -> bool:
        found = self._any()
        assert self._at == len(self._tokens), self._tokens[self._at :]
        return found

    def updated(self) -> Item:
        """Return the item as an update makes it; its right sides see the item as it was."""
        result = _copy(self._item)
        clause = ""
        while self._at < len(self._tokens):
            if self._peek() in ("SET", "ADD", "DELETE", "REMOVE"):
                clause = self._take()
            name = self._name(self._take())
            getattr(self, f"_{clause.lower()}")(result, name)
            if self._peek() == ",":
                self._take()
        return result

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, expected: str = "") -> str:
        token = self._tokens[self._at]
        assert not expected or token == expected, (token, expected)
        self._at += 1
        return str(token)

    def _name(self, token: str) -> str:
        return str(self._names[token]) if token.startswith("#") else token

    def _any(self) -> bool:
        found = self._all()
        while self._peek() == "OR":
            self._take()
            found = self._all() or found
        return found

    def _all(self) -> bool:
        found = self._one()
        while self._peek() == "AND":
            self._take()
            found = self._one() and found
        return found

    def _one(self) -> bool:
        match self._peek():
            case "NOT":
                self._take()
                return not self._one()
            case "(":
                self._take()
                found = self._any()
                self._take(")")
                return found
            case "attribute_exists" | "attribute_not_exists" as wanted:
                (name,) = self._arguments()
                return (name in self._item) == (wanted == "attribute_exists")
            case "contains":
                name, value = self._arguments()
                return name in self._item and plain(value) in plain(self._item[name])
        return self._compared()

    def _compared(self) -> bool:
        left = self._operand()
        how = self._take()
        if how == "BETWEEN":
            low = self._operand()
            self._take("AND")
            high = self._operand()
            return left is not None and low <= left <= high
        if how == "IN":
            self._at -= 1
            return left in [plain(value) for value in self._arguments()]
        right = self._operand()
        if left is None or right is None or type(left) is not type(right):
            return False
        return COMPARED[how](left, right)

    def _operand(self) -> Any:
        token = self._take()
        if token == "size":
            self._at -= 1
            (name,) = self._arguments()
            return len(plain(self._item[name])) if name in self._item else None
        if token.startswith(":"):
            return plain(self._values[token])
        name = self._name(token)
        return plain(self._item[name]) if name in self._item else None

    def _arguments(self) -> list[Any]:
        self._take()
        self._take("(")
        found: list[Any] = []
        while (token := self._take()) != ")":
            if token != ",":
                found.append(self._values[token] if token.startswith(":") else self._name(token))
        return found

    def _set(self, result: Item, name: str) -> None:
        self._take("=")
        value = self._value()
        if self._peek() in ("+", "-"):
            sign = 1 if self._take() == "+" else -1
            value = {"N": str(plain(value) + sign * plain(self._value()))}
        result[name] = _copy(value)

    def _value(self) -> Item:
        if self._peek() == "if_not_exists":
            name, default = self._arguments()
            found: Item = self._item.get(name, default)
            return found
        if self._peek() == "list_append":
            name, more = self._arguments()
            return {"L": [*self._item[name]["L"], *more["L"]]}
        token = self._take()
        value: Item = (
            self._values[token] if token.startswith(":") else self._item[self._name(token)]
        )
        return value

    def _remove(self, result: Item, name: str) -> None:
        result.pop(name, None)

    def _add(self, result: Item, name: str) -> None:
        value = self._values[self._take()]
        if "N" in value:
            result[name] = {"N": str(plain(result.get(name, {"N": "0"})) + plain(value))}
        else:
            result[name] = {"SS": sorted(plain(result.get(name, {"SS": []})) | plain(value))}

    def _delete(self, result: Item, name: str) -> None:
        left = plain(result.get(name, {"SS": []})) - plain(self._values[self._take()])
        if left:
            result[name] = {"SS": sorted(left)}
        else:
            result.pop(name, None)


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
        rows = _kept(self._table(request).values(), request)
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
            response = {"Item": _copy(row)} if row and wanted else {}
            raise AwsError("dynamodb", kind, code, status=400, response=response)
        self._keep(kind, request, made)
        match request.get("ReturnValues"):
            case "ALL_OLD" if row:
                return {"Attributes": _copy(row)}
            case "ALL_NEW":
                return {"Attributes": _copy(made)}
        return {}

    def _checked(self, kind: str, request: Item) -> tuple[Item | None, Any]:
        """Return a row and what a write makes of it; False when its condition does not hold."""
        key = request["Item"] if kind == "Put" else request["Key"]
        row = self._table(request).get(_key(request["TableName"], key))
        condition = request.get("ConditionExpression")
        if condition and not Expression(condition, row or {}, request).holds():
            return row, False
        if kind == "Update":
            return row, Expression(request["UpdateExpression"], row or key, request).updated()
        return row, _copy(request["Item"]) if kind == "Put" else None

    def _keep(self, kind: str, request: Item, made: Item | None) -> None:
        key = _key(request["TableName"], request["Item" if kind == "Put" else "Key"])
        if made is None:
            self._table(request).pop(key, None)
        else:
            self._table(request)[key] = made

    def _batched(self, table: str, write: Item) -> None:
        if "PutRequest" in write:
            item = write["PutRequest"]["Item"]
            self.tables[table][_key(table, item)] = _copy(item)
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
        answer: Item = {"Items": [_projected(row, request) for row in _kept(page, request)]}
        if len(rows) >= limit and page:
            answer["LastEvaluatedKey"] = {each: page[-1][each] for each in KEYS[name]}
        return answer

    def _matching(self, request: Item) -> Iterator[Item]:
        condition = request["KeyConditionExpression"]
        begin = BY_PARTITION.match(condition)
        assert begin, f"expected a condition that begins with the partition, got {condition}"
        wanted = request["ExpressionAttributeValues"][begin[1]]["S"]
        rows = (row for key, row in self._table(request).items() if key[0] == wanted)
        rest = condition[begin.end() :]
        return (row for row in rows if not rest or Expression(rest, row, request).holds())


def _kept(rows: Iterable[Item], request: Item) -> Iterator[Item]:
    chosen = request.get("FilterExpression")
    return (row for row in rows if not chosen or Expression(chosen, row, request).holds())


def _projected(row: Item, request: Item) -> Item:
    """Return a copy of what a request asks of a row."""
    wanted = request.get("ProjectionExpression")
    if not wanted:
        return _copy(row)
    names = request.get("ExpressionAttributeNames") or {}
    asked = [names.get(name, name) for name in re.split(r"\s*,\s*", wanted)]
    return {name: _copy(row[name]) for name in asked if name in row}


def _key(table: str, item: Item) -> tuple[str, ...]:
    return tuple(item[name]["S"] for name in KEYS[table])
