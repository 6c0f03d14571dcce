"""`roomcast record`: write the events of rooms to a file, for `roomcast play`."""

import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from roomcast.cli.durations import duration
from roomcast.cli.receiving import client_of, receiving_options, since_option
from roomcast.cli.rooms_completion import complete_room

if TYPE_CHECKING:
    from roomcast.client.received import Offset


def _seconds(_ctx: click.Context, _param: click.Parameter, text: str | None) -> timedelta | None:
    given = duration(text) if text else None
    if text and given is None:
        raise click.BadParameter(f"expected a duration such as 90s, 15m or 1h, got {text!r}")
    return given


@click.command(
    epilog="""\b
Examples:
  roomcast record project:123 > run.jsonl
  roomcast record project:123 --since 1h --for 10s > run.jsonl
  roomcast play run.jsonl --speed 4
"""
)
@click.argument("rooms", nargs=-1, required=True, metavar="ROOM...", shell_complete=complete_room)
@click.option("--for", "lasting", metavar="5m", callback=_seconds, help="End after this time.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="End after N events.")
@since_option("Begin with what was published since: 15m ago, after an event's id or its seq.")
@receiving_options
def record(
    *,
    rooms: tuple[str, ...],
    lasting: timedelta | None,
    count: int | None,
    since: "Offset | None",
    types: tuple[str, ...],
    **options: Any,
) -> None:
    """Write the events of every ROOM as JSON, one envelope per line, until Ctrl-C.

    Each event comes once, whatever becomes of the connection.
    """
    import asyncio

    recording = _record(rooms, since, types, count=count, **options)
    seconds = lasting.total_seconds() if lasting else None
    with contextlib.suppress(KeyboardInterrupt, TimeoutError):
        asyncio.run(_within(recording, seconds))


async def _within(recording: Any, seconds: float | None) -> None:
    import asyncio

    async with asyncio.timeout(seconds):
        await recording


async def _record(
    rooms: Sequence[str],
    since: "Offset | None",
    types: Sequence[str],
    *,
    count: int | None,
    **options: Any,
) -> None:
    from roomcast.envelope import encode

    written = 0
    async with client_of(rooms, **options) as client:
        async for event in client.events(*rooms, since=since, types=types or None):
            click.echo(encode(event.envelope))
            written += 1
            if written == count:
                return
