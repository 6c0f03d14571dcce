"""`roomcast publish`: publish one event."""

from typing import TYPE_CHECKING

import click

from roomcast.cli.event_types import PUBLISHED, complete, event_type
from roomcast.cli.group import CommandFailed, json_option, stack_option, tenant_option
from roomcast.cli.output import tell
from roomcast.cli.publishing import publisher

if TYPE_CHECKING:
    from roomcast.events import Event


@click.command(
    epilog="Types: "
    + ", ".join(PUBLISHED)
    + """

\b
Their fields, and types of your own: roomcast events

\b
Examples:
  roomcast publish project.deleted project_id=123 deleted_by=42
  roomcast publish workflow.progress workflow_id=7 status=running \\
      progress=40 current_step=2 total_steps=5 'logs=["checked out"]'
  roomcast publish agent.connected --data '{"agent_id": "7", "agent_name": "Ada"}'
"""
)
@click.argument("kind", metavar="TYPE", callback=event_type, shell_complete=complete)
@click.argument("fields", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--data", metavar="JSON", help="An object with fields; KEY=VALUE goes over it.")
@click.option("--source", help="Who says so; default: the type's own, such as project_service.")
@tenant_option
@json_option
@stack_option
def publish(
    *,
    kind: "type[Event]",
    fields: tuple[str, ...],
    data: str | None,
    source: str | None,
    tenant: str | None,
    as_json: bool,
    stack: str | None,
) -> None:
    """Publish one event of TYPE and print its id.

    A VALUE is JSON where the field is no text (numbers, lists, objects).
    """
    from roomcast.cli.fields import read
    from roomcast.envelope import new_id

    event = kind(**read(kind, data, fields))
    event_id = new_id()
    if not publisher(stack, source, tenant).publish(event, id=event_id):
        raise CommandFailed(f"the bus did not accept the {event.type} event")
    tell(event_id, {"id": event_id, "type": event.type}, as_json=as_json)
