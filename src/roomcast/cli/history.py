"""`roomcast history`: print what the service keeps of a room."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from roomcast.cli.group import json_option
from roomcast.cli.receiving import client_of, receiving_options, since_option
from roomcast.cli.rooms_completion import complete_room

if TYPE_CHECKING:
    from roomcast.client.history import History
    from roomcast.client.received import Offset


@click.command(
    epilog="""\b
Examples:
  roomcast history project:123
  roomcast history project:123 --since 1h --type 'pr.*' --json
"""
)
@click.argument("room", shell_complete=complete_room)
@json_option
@since_option("What was published since: 15m ago, after an event's id or its seq; default: all.")
@receiving_options
def history(
    *,
    room: str,
    as_json: bool,
    since: "Offset | None",
    types: tuple[str, ...],
    **options: Any,
) -> None:
    """Print the events that the service keeps of ROOM, the newest 200 at most.

    They are kept for the setting replay_hours. Rows are those of `tail`; a notice on
    stderr says whether these are all.
    """
    import asyncio

    from roomcast.cli.rendering import line
    from roomcast.envelope import encode

    found = asyncio.run(_read(room, 0 if since is None else since, types, **options))
    for event in found.events:
        click.echo(encode(event.envelope) if as_json else line(event, now=datetime.now(UTC)))
    if not options["quiet"]:
        how = "all of them" if found.complete else "there may be more"
        click.echo(f"# {len(found.events)} events, {how}", err=True)


async def _read(room: str, since: "Offset", types: tuple[str, ...], **options: Any) -> "History":
    async with client_of([room], **options) as client:
        return await client.history(room, since=since, types=types or None)
