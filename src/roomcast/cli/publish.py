"""`roomcast publish`: publish one event."""

import os
from difflib import get_close_matches
from textwrap import fill
from typing import Final

import click

from roomcast.bus import EventBus
from roomcast.cli.deployment import find_deployment
from roomcast.cli.fields import read, summary
from roomcast.cli.group import CommandFailed, stack_option
from roomcast.envelope import new_id
from roomcast.environment import EVENT_BUS
from roomcast.events import EVENT_TYPES, Event
from roomcast.large_events import LargeEvents
from roomcast.own_events import discover
from roomcast.publisher import Publisher

TYPES: Final = {name: kind for name, kind in EVENT_TYPES.items() if kind.publishable}


def _event_type(_ctx: click.Context, _param: click.Parameter, name: str) -> type[Event]:
    if name in TYPES:
        return TYPES[name]
    known = TYPES | discover()
    if name in known:
        return known[name]
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"
    raise click.BadParameter(f"{name!r} is not an event type: {hint}")


def _listed(name: str) -> str:
    return fill(summary(TYPES[name]), 78, initial_indent="      ", subsequent_indent="      ")


@click.command(
    epilog="\b\nTypes, and their fields (? may be left out):\n"
    + "\n".join(f"  {name}\n{_listed(name)}" for name in TYPES)
    + """

\b
Types of your own: roomcast events --own

\b
Examples:
  roomcast publish project.deleted project_id=123 deleted_by=42
  roomcast publish workflow.progress workflow_id=7 status=running \\
      progress=40 current_step=2 total_steps=5 'logs=["checked out"]'
  roomcast publish agent.connected --data '{"agent_id": "7", "agent_name": "Ada"}'
"""
)
@click.argument("event_type", metavar="TYPE", callback=_event_type)
@click.argument("fields", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--data", metavar="JSON", help="An object with fields; KEY=VALUE goes over it.")
@click.option("--source", help="Who says so; default: the type's own, such as project_service.")
@stack_option
def publish(
    event_type: type[Event],
    fields: tuple[str, ...],
    data: str | None,
    source: str | None,
    stack: str | None,
) -> None:
    """Publish one event of TYPE and print its id.

    A VALUE is JSON where the field is no text (numbers, lists, objects).
    """
    event = event_type(**read(event_type, data, fields))
    event_id = new_id()
    if not _publisher(stack, source).publish(event, id=event_id):
        raise CommandFailed(f"the bus did not accept the {event.type} event")
    click.echo(event_id)


def _publisher(stack: str | None, source: str | None) -> Publisher:
    """Return a publisher: to the stack, else the environment's bus, else the local service."""
    if not stack and os.environ.get(EVENT_BUS):
        return Publisher(EventBus(), source)
    deployment = find_deployment(stack)
    deployment.take_room_kinds()
    bus = EventBus(deployment.required("event_bus"), client=deployment.client("events"))
    large = LargeEvents(deployment.data_bucket, client=deployment.client("s3"))
    return Publisher(bus, source, large=large)
