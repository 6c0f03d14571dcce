"""DynamoDB's expressions, as far as the stores use them: read once, then asked about items.

    condition("attribute_exists(seq) AND n < :n")(item, request)   # True or False
    update("SET n = n + :n REMOVE #m")(item, request)              # the item that it makes

A request brings the names (`#m`) and values (`:n`) that an expression speaks of.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar

T = TypeVar("T")
Item = dict[str, Any]
Operand = Callable[[Item, Item], Any]
Condition = Callable[[Item, Item], bool]
Change = Callable[[Item, Item, Item], None]
"""Changes the third, in whose beginning the first and it are the same."""

TOKENS: Final = re.compile(r"\s*(<>|<=|>=|[=<>(),+-]|[:#]?\w+)")
COMPARED: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": lambda left, right: bool(left == right),
    "<>": lambda left, right: bool(left != right),
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
}
CLAUSES: Final = ("SET", "ADD", "DELETE", "REMOVE")


@cache
def condition(text: str) -> Condition:
    """Return a condition, of a key or of a whole item."""
    reader = _Reader(text)
    found = reader.any()
    reader.end()
    return found


@cache
def update(text: str) -> Callable[[Item, Item], Item]:
    """Return an update; its right sides see the item as it was, which stays so."""
    reader = _Reader(text)
    changes = reader.changes()

    def updated(item: Item, request: Item) -> Item:
        result = dict(item)
        for change in changes:
            change(item, request, result)
        return result

    return updated


def plain(attribute: Item) -> Any:
    """Return the value of an attribute as it compares."""
    ((kind, value),) = attribute.items()
    if kind == "N":
        return int(value)
    if kind in ("SS", "NS"):
        return set(value)
    return str(value) if kind == "S" else value  # an enumeration's text is text once it is stored


def copied(value: T) -> T:
    """Return a copy of an item or of a part of it; `deepcopy` takes five times as long."""
    copy: Any = value
    if isinstance(value, dict):
        copy = {name: each if type(each) is str else copied(each) for name, each in value.items()}
    elif isinstance(value, list):
        copy = [copied(each) for each in value]
    return copy  # type: ignore[no-any-return]


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = [str(token) for token in TOKENS.findall(text)]
        self._at = 0

    def end(self) -> None:
        assert self._at == len(self._tokens), self._tokens[self._at :]

    def any(self) -> Condition:
        found = [self._all()]
        while self._next_is("OR"):
            found.append(self._all())
        return found[0] if len(found) == 1 else lambda *of: any(each(*of) for each in found)

    def changes(self) -> list[Change]:
        found: list[Change] = []
        clause = ""
        while self._at < len(self._tokens):
            if self._peek() in CLAUSES:
                clause = self._take()
            found.append(getattr(self, f"_{clause.lower()}")(_name(self._take())))
            self._next_is(",")
        return found

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, expected: str = "") -> str:
        token = self._tokens[self._at]
        assert not expected or token == expected, (token, expected)
        self._at += 1
        return token

    def _next_is(self, wanted: str) -> bool:
        """Take the next token if it is this one."""
        is_it = self._peek() == wanted
        self._at += is_it
        return is_it

    def _all(self) -> Condition:
        found = [self._one()]
        while self._next_is("AND"):
            found.append(self._one())
        return found[0] if len(found) == 1 else lambda *of: all(each(*of) for each in found)

    def _one(self) -> Condition:
        if self._next_is("NOT"):
            refused = self._one()
            return lambda *of: not refused(*of)
        if self._next_is("("):
            found = self.any()
            self._take(")")
            return found
        if self._next_is("attribute_exists"):
            (name,) = self._names()
            return lambda item, request: name(item, request) in item
        if self._next_is("attribute_not_exists"):
            (name,) = self._names()
            return lambda item, request: name(item, request) not in item
        if self._next_is("contains"):
            whole, part = self._arguments(self._operand)
            return lambda *of: (found := whole(*of)) is not None and part(*of) in found
        return self._compared()

    def _compared(self) -> Condition:
        left = self._operand()
        how = self._take()
        if how == "BETWEEN":
            low = self._operand()
            self._take("AND")
            high = self._operand()
            return lambda *of: (found := left(*of)) is not None and low(*of) <= found <= high(*of)
        if how == "IN":
            among = self._arguments(self._operand)
            return lambda *of: left(*of) in [each(*of) for each in among]
        right, compare = self._operand(), COMPARED[how]

        def compared(item: Item, request: Item) -> bool:
            one, other = left(item, request), right(item, request)
            if one is None or other is None or type(one) is not type(other):
                return False
            return compare(one, other)

        return compared

    def _operand(self) -> Operand:
        """Read what is compared: its value is None where the item has none."""
        if self._next_is("size"):
            (of,) = self._arguments(self._operand)
            return lambda *asked: None if (found := of(*asked)) is None else len(found)
        token = self._take()
        if token.startswith(":"):
            return lambda _item, request: plain(request["ExpressionAttributeValues"][token])
        name = _name(token)
        return lambda *of: plain(found) if (found := of[0].get(name(*of))) else None

    def _names(self) -> list[Operand]:
        return self._arguments(lambda: _name(self._take()))

    def _arguments(self, read: Callable[[], Operand]) -> list[Operand]:
        self._take("(")
        found = [read()]
        while self._next_is(","):
            found.append(read())
        self._take(")")
        return found

    def _set(self, name: Operand) -> Change:
        self._take("=")
        value = self._attribute()
        if self._peek() in ("+", "-"):
            value = _sum(value, 1 if self._take() == "+" else -1, self._attribute())

        def change(item: Item, request: Item, result: Item) -> None:
            result[name(item, request)] = copied(value(item, request))

        return change

    def _attribute(self) -> Operand:
        """Read a value as items have it."""
        if self._next_is("if_not_exists"):
            self._take("(")
            of = _name(self._take())
            self._take(",")
            default = self._attribute()
            self._take(")")
            return lambda *asked: asked[0].get(of(*asked)) or default(*asked)
        if self._next_is("list_append"):
            one, more = self._arguments(self._attribute)
            return lambda *of: {"L": [*one(*of)["L"], *more(*of)["L"]]}
        token = self._take()
        if token.startswith(":"):
            return lambda _item, request: request["ExpressionAttributeValues"][token]
        name = _name(token)
        return lambda *of: of[0][name(*of)]

    def _remove(self, name: Operand) -> Change:
        return lambda item, request, result: result.pop(name(item, request), None)

    def _add(self, name: Operand) -> Change:
        value = self._attribute()

        def change(item: Item, request: Item, result: Item) -> None:
            key, more = name(item, request), value(item, request)
            if "N" in more:
                result[key] = {"N": str(plain(result.get(key, {"N": "0"})) + plain(more))}
            else:
                result[key] = {"SS": sorted(plain(result.get(key, {"SS": []})) | plain(more))}

        return change

    def _delete(self, name: Operand) -> Change:
        value = self._attribute()

        def change(item: Item, request: Item, result: Item) -> None:
            key = name(item, request)
            left = plain(result.pop(key, {"SS": []})) - plain(value(item, request))
            if left:
                result[key] = {"SS": sorted(left)}

        return change


def _name(token: str) -> Operand:
    """Return what tells the name of an attribute."""
    if token.startswith("#"):
        return lambda _item, request: request["ExpressionAttributeNames"][token]
    return lambda _item, _request: token


def _sum(left: Operand, sign: int, right: Operand) -> Operand:
    return lambda *of: {"N": str(plain(left(*of)) + sign * plain(right(*of)))}
