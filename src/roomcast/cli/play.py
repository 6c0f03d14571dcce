"""`roomcast play`: publish what was recorded, at its own pace or faster."""

import contextlib
from time import monotonic, sleep
from typing import TYPE_CHECKING, TextIO

import click

from roomcast.cli.group import CommandFailed, json_option, stack_option
from roomcast.cli.output import tell
from roomcast.cli.publishing import publisher
from roomcast.cli.recording import Recorded, event_of, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from roomcast.events import Event
    from roomcast.publisher import Publisher


@click.command(
    epilog="""\b
Examples:
  roomcast record project:123 > run.jsonl
  roomcast play run.jsonl --speed 4
  roomcast history project:123 --json | roomcast play -
"""
)
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="FACTOR",
    help="How much faster than it was.",
)
@json_option
@stack_option
def play(*, file: TextIO, speed: float, as_json: bool, stack: str | None) -> None:
    """Publish the events of a recording again, with new ids and times; print the ids.

    FILE has an envelope per line, as `record`, `tail --json` and `history --json`
    write them; - is stdin. Pauses are those between their timestamps, divided by
    FACTOR. An event that cannot be published again is told on stderr and left out.
    """
    from roomcast.events import EVENT_TYPES
    from roomcast.own_events import discover

    publishing = publisher(stack)
    known = {name: kind for name, kind in EVENT_TYPES.items() if kind.publishable} | discover()
    with contextlib.suppress(KeyboardInterrupt):
        begun, offset = monotonic(), 0.0
        for recorded in read(file):
            offset += recorded.pause / speed
            sleep(max(0.0, begun + offset - monotonic()))
            _publish(publishing, recorded, known, as_json=as_json)


def _publish(
    publishing: "Publisher",
    recorded: Recorded,
    known: "Mapping[str, type[Event]]",
    *,
    as_json: bool,
) -> None:
    from roomcast.envelope import new_id

    event = event_of(recorded, known)
    if isinstance(event, str):
        click.echo(f"# line {recorded.number}: {event}", err=True)
        return
    event_id = new_id()
    if not publishing.publish(event, recorded.source or None, id=event_id):
        raise CommandFailed(f"line {recorded.number}: the bus did not accept {event.type}")
    tell(event_id, {"id": event_id, "type": event.type}, as_json=as_json)
