"""Finds what a changed schema breaks for programs that were written for the old one.

Of what a client receives it may rely on every field, type and value. Of what it sends all must
still be taken. What is added breaks neither: fields, values, results of another kind.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from roomcast.schema.models import Schema
from roomcast.schema.reading import ANYTHING, Reader, values

LIMITS: Final = (
    *("minimum", "exclusiveMinimum", "minLength", "minItems"),
    *("maximum", "exclusiveMaximum", "maxLength", "maxItems", "format", "pattern"),
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares schemas of two documents; `sent` says that clients send what they describe."""

    old: Reader
    new: Reader
    sent: bool
    _inside: set[tuple[str, str]] = field(default_factory=set)

    def breaks(self, path: str, old: object, new: object) -> Iterator[str]:
        """Yield one sentence for each change that breaks clients; `path` names what changed."""
        pair = (_reference(old), _reference(new))
        if all(pair):
            if pair in self._inside:
                return
            self._inside.add(pair)
        yield from self._kinds(path, self.old.kinds(old), self.new.kinds(new))
        self._inside.discard(pair)

    def _kinds(
        self, path: str, old: dict[str, list[Schema]], new: dict[str, list[Schema]]
    ) -> Iterator[str]:
        for name in old.keys() - new.keys():
            if not self._is_harmless_loss(name, new):
                yield f"{path} is no {name} any more" if name != ANYTHING else _narrower(path, new)
        if not self.sent:
            yield from (f"{path} may be {name} now" for name in new.keys() - old.keys())
        for name in (name for name in old if name in new):
            yield from self._same_kind(name, path, old[name], new[name])

    def _is_harmless_loss(self, name: str, new: dict[str, list[Schema]]) -> bool:
        """Tell whether nobody misses a type: null where it is received, what a wider one takes."""
        if not self.sent:
            return name == "null"
        return ANYTHING in new or (name == "integer" and "number" in new)

    def _same_kind(
        self, name: str, path: str, old: list[Schema], new: list[Schema]
    ) -> Iterator[str]:
        match name:
            case "object":
                yield from self._objects(path, old, new)
            case "array":
                yield from self._arrays(path, old[0], new[0])
            case _:
                yield from self._values(path, old, new)
                yield from self._limits(path, old[0], new[0])

    def _values(self, path: str, old: list[Schema], new: list[Schema]) -> Iterator[str]:
        before, after = values(old), values(new)
        if before is None and after is not None:
            yield f"{path} is only one of {', '.join(after)} now"
        elif before is not None and after is None and not self.sent:
            yield f"{path} may have other values than {', '.join(before)} now"
        elif before is not None and after is not None:
            yield from (f"{path} is never {value} any more" for value in before.keys() - after)

    def _limits(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        for name in LIMITS:
            before, after = old.get(name), new.get(name)
            if before != after and not (self.sent and _allows_more(name, before, after)):
                yield f"{path} has the {name} {_said(after)} now, it was {_said(before)}"

    def _arrays(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        yield from self._limits(path, old, new)
        before, after = old.get("prefixItems", []), new.get("prefixItems", [])
        if len(before) != len(after):
            yield f"{path} has {len(after)} fixed items now, it was {len(before)}"
        for place, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from self.breaks(f"{path}[{place}]", one, other)
        yield from self.breaks(f"{path}[]", old.get("items"), new.get("items"))

    def _objects(self, path: str, old: list[Schema], new: list[Schema]) -> Iterator[str]:
        if len(old) == len(new) == 1:
            yield from self._fields(path, old[0], new[0])
            return
        by_title = {str(one.get("title")): one for one in new}
        for one in old:
            title = str(one.get("title"))
            if title in by_title:
                yield from self._fields(f"{path} ({title})", one, by_title[title])
            else:
                yield f"{path} is no {title} any more"

    def _fields(self, path: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed = set(old.get("required", ())), set(new.get("required", ()))
        for name, schema in before.items():
            if name in after:
                yield from self.breaks(f"{path}.{name}", schema, after[name])
            else:
                yield f"{path}.{name} is gone"
        if self.sent:
            yield from (f"{path}.{name} is required now" for name in sorted(needed - needed_before))
        else:
            lost = sorted((needed_before - needed) & after.keys())
            yield from (f"{path}.{name} may be missing now" for name in lost)
        rest, other = old.get("additionalProperties"), new.get("additionalProperties")
        if isinstance(rest, dict) and isinstance(other, dict):
            yield from self.breaks(f"{path}.*", rest, other)
        elif self.sent and other is False and rest is not False:
            yield f"{path} takes no other fields any more"


def _reference(schema: object) -> str:
    return str(schema.get("$ref", "")) if isinstance(schema, dict) else ""


def _narrower(path: str, new: dict[str, list[Schema]]) -> str:
    return f"{path} is only {' or '.join(new)} now"


def _allows_more(name: str, before: Any, after: Any) -> bool:
    if after is None:
        return True
    if before is None or name in ("format", "pattern"):
        return False
    return bool(after <= before if "min" in name.lower() else after >= before)


def _said(value: object) -> object:
    return "none" if value is None else value
