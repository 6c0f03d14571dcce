"""Tables in memory for which moto vouches.

Tables in memory answer in microseconds, moto in milliseconds, and moto also tells what DynamoDB
takes for no request at all. So the first request of each form, once in a process, is made to both
with the same rows, and so is the first of them that is refused: moto must take it for a request,
and answer what the tables in memory answer.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.aws.service_client import ServiceClient
from tests.fakes.expressions import Item
from tests.fakes.memory_tables import MemoryTables
from tests.fakes.tables import create_tables

MOST_ROWS = 50
"""How many rows of a table moto is given. Where there are more, it sees whether it takes a request
for one, and answers are not compared."""

KINDS = frozenset({"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"})
WITHOUT_FORM = frozenset({"ClientRequestToken", "ExpressionAttributeNames"})
OF_ANY_ROW = frozenset({"ExclusiveStartKey", "Item"})
ANSWERED = ("Attributes", "Item", "Items", "Responses")
"""What is compared. Not `LastEvaluatedKey`: moto knows that there is nothing after a full page,
DynamoDB does not."""


class _Seen(NamedTuple):
    """A form of request, and how it ended: the code of the refusal, or none."""

    form: str
    code: str


_seen: set[_Seen] = set()
_taken: set[str] = set()
"""The forms that moto has taken for requests."""


class Moto(DynamoDb):
    """The stores' client of moto's tables, whatever the environment says at the time."""

    def __init__(self, calls: ServiceClient) -> None:
        super().__init__(calls)
        self._service = calls

    def create_table(self, **request: Any) -> Item:
        return self._service.json("CreateTable", request)

    def scan(self, **request: Any) -> Item:
        return self._service.json("Scan", request)

    def empty(self, tables: Iterable[str]) -> None:
        """Let these tables have no row, whether they are there or not."""
        for table in tables:
            with suppress(AwsError):
                self._service.json("DeleteTable", {"TableName": table})
        create_tables(self, tables)


class VouchedTables(MemoryTables):
    """Tables in memory; `moto` vouches for each form of request, granted and refused.

    Who finds a disagreement may be code that goes on after any error: it stays in `disagreements`.
    """

    def __init__(self, moto: Moto) -> None:
        super().__init__()
        self.disagreements: list[str] = []
        self._moto = moto

    def _answer(self, action: str, request: Item, do: Callable[[], Item]) -> Item:
        if request.get("ClientRequestToken") in self._tokens:
            return do()
        form = f"{action} {json.dumps(_form(request), sort_keys=True)}"
        theirs = None if _Seen(form, "") in _seen else self._asked(form, action, request)
        ours = _outcome(do)
        code = ours.code if isinstance(ours, AwsError) else ""
        if code and theirs is None and _Seen(form, code) not in _seen:
            theirs = self._asked(form, action, request)  # what is refused has changed no row
        if theirs is not None:
            self._agree(request, _told(ours, action), _told(theirs, action))
            _seen.add(_Seen(form, code))
        if isinstance(ours, AwsError):
            raise ours
        return ours

    def _asked(self, form: str, action: str, request: Item) -> Item | AwsError | None:
        """Return what moto answers; None when the rows are too many for it to be compared."""
        tables = set(_tables(request))
        all_there = sum(len(self.tables[table]) for table in tables) <= MOST_ROWS
        if not all_there and form in _taken:
            return None
        self._moto.empty(tables)
        for table in tables if all_there else ():
            for row in self.tables[table].values():
                self._moto.put_item(TableName=table, Item=row)
        theirs = _outcome(lambda: getattr(self._moto, action)(**request))
        if isinstance(theirs, AwsError) and theirs.code == "ValidationException":
            self._disagree(f"moto takes this for no request: {theirs.response} {request}")
        _taken.add(form)
        return theirs if all_there else None

    def _agree(self, request: Item, ours: Any, theirs: Any) -> None:
        if ours != theirs:
            self._disagree(f"moto answers {theirs}, the tables in memory {ours}: {request}")

    def _disagree(self, text: str) -> None:
        self.disagreements.append(text)
        raise AssertionError(text)


def _outcome(call: Callable[[], Item]) -> Item | AwsError:
    try:
        return call()
    except AwsError as exc:
        return exc


def _told(outcome: Item | AwsError, action: str) -> tuple[str, Any]:
    """Return what an outcome tells: sets and scans have no order."""
    if isinstance(outcome, AwsError):
        reasons = [each["Code"] for each in outcome.response.get("CancellationReasons", ())]
        return outcome.code, [outcome.response.get("Item") or {}, reasons]
    told = {name: outcome[name] for name in ANSWERED if outcome.get(name)}
    if action == "scan":
        told = {name: sorted(rows, key=str) for name, rows in told.items()}
    return "", json.loads(json.dumps(told), object_hook=_in_order)


def _in_order(value: Item) -> Item:
    return {name: sorted(each) if name in ("SS", "NS") else each for name, each in value.items()}


def _form(value: Any) -> Any:
    """Return a request without its values: expressions, tables, and the kinds of attributes."""
    if isinstance(value, dict):
        if len(value) == 1 and KINDS.issuperset(value):
            return next(iter(value))
        return {
            name: sorted({*_kinds(each)}) if name in OF_ANY_ROW else _form(each)
            for name, each in value.items() if name not in WITHOUT_FORM
        }  # fmt: skip
    if isinstance(value, list):
        return sorted({json.dumps(_form(each), sort_keys=True) for each in value})
    return "number" if type(value) is int else value


def _kinds(row: Item) -> Iterator[str]:
    return (next(iter(value)) for value in row.values())


def _tables(request: Any) -> Iterator[str]:
    """Yield the names of all tables in a request."""
    if isinstance(request, list):
        for each in request:
            yield from _tables(each)
    elif isinstance(request, dict):
        if "TableName" in request:
            yield request["TableName"]
        yield from request.get("RequestItems", ())
        yield from _tables(request.get("TransactItems", []))
        for action in ("Put", "Update", "Delete", "ConditionCheck"):
            yield from _tables(request.get(action, []))
