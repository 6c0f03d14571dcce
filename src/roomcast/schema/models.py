"""Turns models into JSON Schemas that several documents share."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from roomcast.events import Event

Schema = dict[str, Any]
Kinds = Iterable[type[Event]]

_NOT_IN_KEYS: Final = re.compile(r"[^A-Za-z0-9._-]")


class Definitions:
    """The schemas of models, by names that are different for each; `prefix` is where they stand.

    What an event's receivers can rely on is written: a field that is never null is always there,
    and a later version may add fields.
    """

    def __init__(self, events: Kinds, others: Iterable[type[BaseModel]], *, prefix: str) -> None:
        self.events: tuple[type[Event], ...] = tuple(events)
        asked = [*((kind, True) for kind in self.events), *((model, False) for model in others)]
        modes: list[tuple[type[BaseModel], Literal["serialization", "validation"]]] = [
            (model, "serialization" if is_event else "validation") for model, is_event in asked
        ]
        found, schema = models_json_schema(modes, ref_template=prefix + "{model}")
        self._references = {model: reference for (model, _), reference in found.items()}
        self.schemas: dict[str, Schema] = schema.get("$defs", {})
        self.prefix = prefix
        self.keys: dict[type[Event], str] = {}
        for kind in self.events:
            _as_received(self.schemas[self.name_of(kind)])
            self.keys[kind] = self._key_of(kind)

    def name_of(self, model: type[BaseModel]) -> str:
        """Return the name under which the schema of a model stands."""
        return str(self._references[model]["$ref"]).removeprefix(self.prefix)

    def _key_of(self, kind: type[Event]) -> str:
        """Return a key for an event: its type, as far as a key may be that, unlike all others."""
        key = key_of(kind.type)
        while key in self.schemas or key in self.keys.values():
            key += "_"
        return key

    def of(self, *models: type[BaseModel]) -> Schema:
        """Return a schema that refers to that of a model, or to those of several."""
        references: list[Schema] = [dict(self._references[model]) for model in models]
        return references[0] if len(references) == 1 else {"anyOf": references}


def _as_received(schema: Schema) -> None:
    schema.pop("additionalProperties", None)
    always = [name for name, field in schema.get("properties", {}).items() if not _nullable(field)]
    required = {*always, *schema.get("required", ())}
    schema["required"] = [name for name in schema.get("properties", {}) if name in required]
    if not schema["required"]:
        del schema["required"]


def _nullable(field: Mapping[str, Any]) -> bool:
    return any(one.get("type") == "null" for one in field.get("anyOf", ()))


def key_of(name: str) -> str:
    """Return a name as the keys of the documents may be: `debug:rooms` is `debug_rooms`."""
    return _NOT_IN_KEYS.sub("_", name)


def envelope_of(kind: type[Event], definitions: Definitions, envelope: type[BaseModel]) -> Schema:
    """Return the schema of an event's envelope.

    Its `data` is elsewhere with `data_ref`, and lacks the fields that `left_out` names.
    """
    elsewhere = {"anyOf": [{"required": ["data_ref"]}, {"required": ["left_out"]}]}
    return {
        "title": kind.type,
        "allOf": [
            definitions.of(envelope),
            {
                "properties": {"type": {"const": kind.type}},
                "if": elsewhere,
                "else": {"properties": {"data": definitions.of(kind)}},
            },
        ],
    }
