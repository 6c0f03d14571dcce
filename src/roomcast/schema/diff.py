"""Compares the documents of two versions: what breaks frontends that are deployed."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from roomcast.schema.changes import Comparison
from roomcast.schema.reading import Reader

Document = Mapping[str, Any]


def breaking(old: Mapping[str, Document], new: Mapping[str, Document]) -> list[str]:
    """Return one sentence for each change that breaks clients of `old`, each one once.

    Both are documents by the names of their files; of those that `old` lacks nothing is compared.
    Raises `LookupError` or `TypeError` for what is no such document.
    """
    found: list[str] = []
    for name, compare in _COMPARED.items():
        if name in old:
            found += compare(old[name], new[name])
    return list(dict.fromkeys(found))


def _events(old: Document, new: Document) -> Iterator[str]:
    comparison = Comparison(Reader(old), Reader(new), sent=False)
    before, after = _by_type(old), _by_type(new)
    for type_, schema in before.items():
        if type_ in after:
            yield from comparison.breaks(type_, schema, after[type_])
        else:
            yield f"the event {type_} is gone"


def _by_type(document: Document) -> dict[str, Any]:
    reader = Reader(document)
    schemas = (reader.target(one["$ref"]) for one in document["oneOf"])
    return {schema["title"]: schema for schema in schemas}


def _protocols(old: Document, new: Document) -> Iterator[str]:
    for name, channel in old["channels"].items():
        if new["channels"].get(name, {}).get("address") != channel["address"]:
            yield f"{name}: {channel['address']} is gone"
    for name, operation in old["operations"].items():
        other = new["operations"].get(name)
        if other is None or other["action"] != operation["action"]:
            yield f"{name} is gone"
            continue
        is_sent = operation["action"] == "receive"
        yield from _messages(old, new, operation, other, sent=is_sent)
        if "reply" in operation:
            reply = other.get("reply", {"messages": []})
            yield from _messages(old, new, operation["reply"], reply, sent=False)


def _messages(
    old: Document, new: Document, before: Document, after: Document, *, sent: bool
) -> Iterator[str]:
    readers = Reader(old), Reader(new)
    comparison = Comparison(*readers, sent=sent)
    references = {one["$ref"] for one in after["messages"]}
    for one in before["messages"]:
        key = str(one["$ref"]).rpartition("/")[2]
        if one["$ref"] not in references:
            yield f"{key} is gone"
            continue
        message, other = (reader.read(reader.read(one)) for reader in readers)
        if message["name"] != other["name"]:
            yield f"{key} is called {other['name']} now, it was {message['name']}"
        # An event is in each protocol what it is in events.json.
        is_event = "title" in message["payload"]
        path = message["payload"]["title"] if is_event else key
        yield from comparison.breaks(path, message["payload"], other["payload"])


def _routes(old: Document, new: Document) -> Iterator[str]:
    comparisons = [Comparison(Reader(old), Reader(new), sent=sent) for sent in (True, False)]
    for path, methods in old["paths"].items():
        for method, operation in methods.items():
            route = f"{method.upper()} {path}"
            other = new["paths"].get(path, {}).get(method)
            if other is None:
                yield f"{route} is gone"
                continue
            yield from _asked(route, operation, other, comparisons[0])
            yield from _answered(route, operation, other, comparisons[1])


def _asked(route: str, old: Document, new: Document, comparison: Comparison) -> Iterator[str]:
    if new.get("security") and not old.get("security"):
        yield f"{route} needs a token now"
    before, after = (
        {one["name"]: one for one in each.get("parameters", ())} for each in (old, new)
    )
    for name, parameter in before.items():
        if name not in after:
            yield f"{route}: {name} is gone"
            continue
        yield from comparison.breaks(f"{route}: {name}", parameter["schema"], after[name]["schema"])
    for name, parameter in after.items():
        if parameter["required"] and not before.get(name, {}).get("required"):
            yield f"{route}: {name} is required now"
    yield from _contents(route, old.get("requestBody"), new.get("requestBody"), comparison)


def _parameters(operation: Document) -> dict[str, Any]:
    return {parameter["name"]: parameter for parameter in operation.get("parameters", ())}


def _answered(route: str, old: Document, new: Document, comparison: Comparison) -> Iterator[str]:
    for status, response in old["responses"].items():
        other = new["responses"].get(status)
        if other is not None:
            yield from _contents(f"{route} {status}", response, other, comparison)
        elif status.startswith("2"):
            yield f"{route} {status} is gone"


def _contents(
    path: str, old: Document | None, new: Document | None, comparison: Comparison
) -> Iterator[str]:
    before, after = ((each or {}).get("content", {}) for each in (old, new))
    for media, content in before.items():
        if media in after:
            yield from comparison.breaks(f"{path} body", content["schema"], after[media]["schema"])
        else:
            yield f"{path}: {media} is gone"


_COMPARED: Final[dict[str, Callable[[Document, Document], Iterator[str]]]] = {
    "events.json": _events,
    "asyncapi.json": _protocols,
    "openapi.json": _routes,
}
