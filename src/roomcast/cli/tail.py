"""`roomcast tail`: print the events of rooms as they arrive."""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from roomcast.cli.group import json_option
from roomcast.cli.receiving import client_of, receiving_options, since_option
from roomcast.cli.rooms_completion import complete_room

if TYPE_CHECKING:
    from roomcast.client import Received
    from roomcast.client.received import Offset


@click.command(
    epilog="""\b
Examples:
  roomcast tail project:123 agent:7
  roomcast tail project:123 --type 'workflow.*' --since 15m
  roomcast tail global --json | jq .data
  roomcast tail project:123 --user 42 --stack Roomcast
  roomcast tail global --url wss://events.example.com/ws --token "$TOKEN"
"""
)
@click.argument("rooms", nargs=-1, required=True, metavar="ROOM...", shell_complete=complete_room)
@json_option
@since_option("Begin with what was published since: 15m ago, after an event's id or its seq.")
@receiving_options
def tail(
    *,
    rooms: tuple[str, ...],
    as_json: bool,
    since: "Offset | None",
    types: tuple[str, ...],
    **options: Any,
) -> None:
    """Print the events of every ROOM until Ctrl-C.

    ROOM is global, user:ID, project:ID, agent:ID, or KIND:ID of a kind that the
    service adds (with --url: ROOMCAST_ROOM_KINDS). A row has the local time, how long
    the event was on its way, type, room and data. A connection that ends is made
    again, with what was published meanwhile; where that is not complete, a notice
    on stderr says so. --json prints whole envelopes.
    """
    import asyncio

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_tail(rooms, since, types, as_json=as_json, **options))


async def _tail(
    rooms: Sequence[str],
    since: "Offset | None",
    types: Sequence[str],
    *,
    as_json: bool,
    **options: Any,
) -> None:
    async with client_of(rooms, **options) as client:
        async for event in client.events(*rooms, since=since, types=types or None):
            click.echo(_as_text(event, as_json=as_json))


def _as_text(event: "Received", *, as_json: bool) -> str:
    from roomcast.cli.rendering import line
    from roomcast.envelope import encode

    return encode(event.envelope) if as_json else line(event, now=datetime.now(UTC))
