"""`roomcast events`: list the event types, built in and of one's own."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from roomcast.cli.output import tell

if TYPE_CHECKING:
    from roomcast.events import Event


@click.command(
    epilog="""\b
Examples:
  roomcast events
  roomcast events --own
  roomcast events --json | jq 'select(.type == "deploy.finished").schema'
"""
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, with the schema.")
@click.option("--own", "only_own", is_flag=True, help="Without those that come with Roomcast.")
def events(*, as_json: bool, only_own: bool) -> None:
    """List the event types: names, fields (? may be left out) and rooms.

    Events of your own are those that installed packages offer by entry points
    of the group roomcast.events.
    """
    from roomcast.events import EVENT_TYPES
    from roomcast.own_events import discover

    built_in = [] if only_own else list(EVENT_TYPES.values())
    for kind in (*built_in, *discover().values()):
        tell(_line(kind), _description(kind), as_json=as_json)


def _line(kind: "type[Event]") -> str:
    from roomcast.cli.fields import summary

    rooms = ", ".join(room_templates(kind)) or "one connection"
    return f"{kind.type}\n    fields  {summary(kind)}\n    rooms   {rooms}"


def _description(kind: "type[Event]") -> dict[str, Any]:
    """Return what `--json` says of an event; the schema is that of the envelope's `data`."""
    from roomcast.events import own

    names = [kind.state_key] if isinstance(kind.state_key, str) else list(kind.state_key)
    return {
        "type": kind.type,
        "class": f"{kind.__module__}.{kind.__qualname__}",
        "source": own.default_source(kind),
        "rooms": room_templates(kind),
        "state_key": names,
        "schema": kind.model_json_schema(mode="serialization"),
    }


def room_templates(kind: "type[Event]") -> list[str]:
    """Return the rooms of an event with the names of fields in place of ids: `team:<team>`.

    They are those of an event with all fields, then those of one with the required fields only.
    Rooms that are computed from values that are no text cannot be told, and are left out.
    """
    required = [name for name, field in kind.model_fields.items() if field.is_required()]
    found = (*_rooms(kind, kind.model_fields), *_rooms(kind, required))
    return list(dict.fromkeys(found))


def _rooms(kind: "type[Event]", names: Iterable[str]) -> list[str]:
    try:
        rooms = kind.model_construct(None, **{name: f"<{name}>" for name in names}).rooms()
    except Exception:  # noqa: BLE001  the code of another package, which expects other values
        return []
    return [str(room) for room in rooms]
