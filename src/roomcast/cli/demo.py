"""`roomcast demo`: publish what agents at work would, so that there is something to see."""

import contextlib
from itertools import chain, islice
from time import monotonic, sleep
from typing import TYPE_CHECKING

import click

from roomcast.cli.group import CommandFailed, json_option, stack_option
from roomcast.cli.output import tell
from roomcast.cli.publishing import publisher

if TYPE_CHECKING:
    from roomcast.events import Event
    from roomcast.publisher import Publisher


@click.command(
    epilog="""\b
Examples:
  roomcast demo
  roomcast demo atlas zeus --every 0.5
"""
)
@click.argument("projects", metavar="[PROJECT]...", nargs=-1)
@click.option(
    "--every",
    type=click.FloatRange(min=0, min_open=True),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="The time from one round of events to the next.",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    help="End after so many rounds; default: at Ctrl-C.",
)
@click.option("--seed", type=int, help="The same seed, the same events; default: others each time.")
@json_option
@stack_option
def demo(
    *,
    projects: tuple[str, ...],
    every: float,
    rounds: int | None,
    seed: int | None,
    as_json: bool,
    stack: str | None,
) -> None:
    """Publish what agents that work on projects would; print types and rooms.

    Three agents take issues, run workflows and open pull requests in each PROJECT,
    by default in atlas. Their ids repeat: however long it runs, a room's state
    holds some dozens of entities.
    """
    from random import Random

    from roomcast.cli.demo_story import Demo

    story = Demo(projects or ("atlas",), Random(seed))  # noqa: S311 - a story, no secret
    opening = story.opening()
    publishing = publisher(stack)
    with contextlib.suppress(KeyboardInterrupt):
        begun = monotonic()
        for number, events in enumerate(chain([opening], islice(story.rounds(), rounds))):
            sleep(max(0.0, begun + number * every - monotonic()))
            _publish(publishing, events, as_json=as_json)


def _publish(publishing: "Publisher", events: "list[Event]", *, as_json: bool) -> None:
    if not all(publishing.publish_many(events)):
        raise CommandFailed("the bus did not accept the events")
    for event in events:
        rooms = event.rooms()
        facts = {"type": event.type, "rooms": rooms}
        tell(f"{event.type:<20}  {' '.join(rooms)}", facts, as_json=as_json)
