"""Reads JSON Schemas of a document: without references, with what `allOf` has in one place."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from roomcast.schema.models import Schema

ANYTHING: Final = "anything"
_NAMES: Final = {bool: "boolean", int: "integer", float: "number", str: "string"}


class Reader:
    """Follows the references of one document; raises `LookupError` for one that leads nowhere."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def read(self, schema: object) -> Schema:
        """Return a schema whose own fields say all that it demands of a value.

        Schemas of fields and items stay as they are. Of `if` only the case that does not hold
        counts: the other one demands less.
        """
        if not isinstance(schema, Mapping):
            return {}
        found: Schema = {
            k: v for k, v in schema.items() if k not in ("$ref", "allOf", "if", "else")
        }
        parts = [*schema.get("allOf", ()), *([schema["else"]] if "else" in schema else ())]
        if "$ref" in schema:
            parts.append(self.target(str(schema["$ref"])))
        for part in map(self.read, parts):
            _add(found, part)
        return found

    def target(self, reference: str) -> Any:
        """Return what a reference within the document names."""
        found: Any = self._document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found

    def kinds(self, schema: object) -> dict[str, list[Schema]]:
        """Return the types that a value may have, each with the schemas that it may keep."""
        found: dict[str, list[Schema]] = {}
        for one in self._cases(schema):
            for name in _types(one):
                found.setdefault(name, []).append(one)
        return found

    def _cases(self, schema: object) -> Iterator[Schema]:
        read = self.read(schema)
        several = [*read.get("anyOf", ()), *read.get("oneOf", ())]
        if not several:
            yield read
            return
        rest = {k: v for k, v in read.items() if k not in ("anyOf", "oneOf", "default", "title")}
        for one in several:
            yield from self._cases({"allOf": [one, rest]} if rest else one)


def values(schemas: list[Schema]) -> dict[str, Any] | None:
    """Return the few values that schemas allow, by their JSON; None where others are allowed."""
    found: dict[str, Any] = {}
    for schema in schemas:
        if "const" not in schema and "enum" not in schema:
            return None
        few = [schema["const"]] if "const" in schema else schema["enum"]
        found |= {json.dumps(value): value for value in few}
    return found


def _types(schema: Schema) -> list[str]:
    given = schema.get("type")
    if isinstance(given, str):
        return [given]
    if isinstance(given, list):
        return given
    if few := values([schema]):
        return list(dict.fromkeys(_NAMES.get(type(value), "null") for value in few.values()))
    return ["object"] if "properties" in schema else [ANYTHING]


def _add(found: Schema, part: Schema) -> None:
    """Add what a part demands; where both say something of a field, both count."""
    fields = found.setdefault("properties", {}) if "properties" in part else {}
    merged = dict(fields)
    for name, schema in part.get("properties", {}).items():
        merged[name] = {"allOf": [schema, merged[name]]} if name in merged else schema
    required = dict.fromkeys([*part.get("required", ()), *found.get("required", ())])
    found.update({name: value for name, value in part.items() if name not in found})
    if merged:
        found["properties"] = merged
    if required:
        found["required"] = list(required)
