"""Writes the types of events for TypeScript: what clients receive, and what they may send.

The text stands alone, and has what socket.io-client and `@roomcast/client` need:

    io(url) as Socket<ServerToClientEvents, ClientToServerEvents>
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

from roomcast.events import Event

HEADER: Final = (
    "// What Roomcast sends and takes. Written by `roomcast types`: do not change it by hand.\n"
)
OWN_HEADER: Final = (
    "// Events of your own, for @roomcast/client."
    " Written by `roomcast types --own`: do not change it by hand.\n"
)
PRIMITIVES: Final = {
    "string": "string",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "null": "null",
}

Schema = Mapping[str, Any]


def whole(kinds: Iterable[type[Event]]) -> str:
    """Return a module with the envelope, the `data` of each event, and the maps by type."""
    names = _names(kinds)
    frame = files("roomcast").joinpath("typescript_frame.ts").read_text(encoding="utf-8")
    interfaces = map(_interface, names, names.values())
    return "\n".join((HEADER + frame, *interfaces, _map(names, "export ")))


def own(kinds: Iterable[type[Event]]) -> str:
    """Return a module that adds the events to those that `@roomcast/client` knows.

    Its `stateKeys` tell the client which entities they are about.
    """
    names = _names(kinds)
    added = "".join(f"  {line}\n" if line else "\n" for line in _map(names, "").splitlines())
    module = f'declare module "@roomcast/client" {{\n{added}}}\n'
    interfaces = map(_interface, names, names.values())
    return "\n".join((OWN_HEADER, *interfaces, _state_keys(names), module))


def _names(kinds: Iterable[type[Event]]) -> dict[type[Event], str]:
    """Return a name for each class; a second class of one name has a number behind it."""
    names: dict[type[Event], str] = {}
    for kind in kinds:
        same = [name for name in names.values() if name.rstrip("0123456789") == kind.__name__]
        names[kind] = f"{kind.__name__}{len(same) + 1}" if same else kind.__name__
    return names


def _map(names: Mapping[type[Event], str], export: str) -> str:
    lines = (f"  {_quoted(kind.type)}: {name};\n" for kind, name in names.items())
    comment = "/** The `data` of each event, by its type. */\n" if export else ""
    return f"{comment}{export}interface EventTypes {{\n{''.join(lines)}}}\n"


def _state_keys(kinds: Iterable[type[Event]]) -> str:
    lines = (
        f"  {_quoted(kind.type)}: {_quoted(kind.state_key)},\n" for kind in kinds if kind.state_key
    )
    comment = "/** For `createClient({ stateKeys })`: the fields that name an event's entity. */\n"
    return f"{comment}export const stateKeys = {{\n{''.join(lines)}}} as const;\n"


def _interface(kind: type[Event], name: str) -> str:
    schema = kind.model_json_schema(mode="serialization")
    fields = "".join(f"  {field}\n" for field in _fields(schema, schema.get("$defs", {}), ()))
    comment = " ".join(str(schema.get("description", kind.type)).split()).replace("*/", "* /")
    return f"/** `{kind.type}`: {comment} */\nexport interface {name} {{\n{fields}}}\n"


def _fields(schema: Schema, defined: Schema, inside: tuple[str, ...]) -> Iterator[str]:
    """Yield the fields; what may be null may also be left out, as partial updates do."""
    required = schema.get("required", ())
    for name, value in schema.get("properties", {}).items():
        written = name if name.isidentifier() and name.isascii() else _quoted(name)
        type_ = _type(value, defined, inside)
        may_lack = name not in required and "null" in type_.split(" | ")
        yield f"readonly {written}{'?' if may_lack else ''}: {type_};"


def _type(schema: object, defined: Schema, inside: tuple[str, ...]) -> str:
    """Return the type of a JSON schema; `unknown` for what is not told, or refers to itself."""
    if not isinstance(schema, Mapping):
        return "unknown"
    if reference := schema.get("$ref"):
        name = str(reference).rpartition("/")[2]
        return "unknown" if name in inside else _type(defined.get(name), defined, (*inside, name))
    if "const" in schema:
        return _quoted(schema["const"])
    if "enum" in schema:
        return " | ".join(map(_quoted, schema["enum"]))
    for several in ("anyOf", "oneOf"):
        if several in schema:
            found = (_type(one, defined, inside) for one in schema[several])
            return " | ".join(dict.fromkeys(found))
    return _by_type(schema, defined, inside)


def _by_type(schema: Schema, defined: Schema, inside: tuple[str, ...]) -> str:
    match schema.get("type"):
        case "array":
            if "prefixItems" in schema:
                items = (_type(item, defined, inside) for item in schema["prefixItems"])
                return f"readonly [{', '.join(items)}]"
            item = _type(schema.get("items"), defined, inside)
            return f"readonly ({item})[]" if " " in item else f"readonly {item}[]"
        case "object":
            return _object(schema, defined, inside)
        case str(name):
            return PRIMITIVES.get(name, "unknown")
    return "unknown"


def _object(schema: Schema, defined: Schema, inside: tuple[str, ...]) -> str:
    if "properties" not in schema:
        value = _type(schema.get("additionalProperties"), defined, inside)
        return f"Readonly<Record<string, {value}>>"
    return f"{{ {' '.join(_fields(schema, defined, inside))} }}"


def _quoted(value: object) -> str:
    """Return a JSON value as a literal."""
    return json.dumps(value)
