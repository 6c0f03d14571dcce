"""`roomcast connections`: list who is connected."""

import click

from roomcast.cli.connection_rows import ConnectionRow, read
from roomcast.cli.deployment import answering
from roomcast.cli.group import json_option, stack_option
from roomcast.cli.output import tell


@click.command(
    epilog="""\b
Examples:
  roomcast connections
  roomcast connections --user ada
  roomcast connections --room project:123 --json
"""
)
@click.option("--user", "user_id", metavar="ID", help="Only those of this user.")
@click.option("--room", metavar="ROOM", help="Only those that are in this room.")
@json_option
@stack_option
def connections(*, user_id: str | None, room: str | None, as_json: bool, stack: str | None) -> None:
    """List the connections, the oldest first: id, user, protocol, state, since when, rooms.

    It reads the table of connections with your AWS credentials, all of it (actions
    dynamodb:Scan and cloudformation:ListStackResources). A Socket.IO client has a
    row for each namespace.
    """
    found = [
        row
        for row in read(answering(stack))
        if user_id in (None, row.user_id) and (room is None or room in row.rooms)
    ]
    for row in sorted(found, key=lambda each: (each.connected_at, each.id)):
        tell(_line(row), _facts(row), as_json=as_json)


def _line(row: ConnectionRow) -> str:
    since = row.connected_at.astimezone().strftime("%H:%M:%S")
    user = row.user_id or "-"
    return f"{since}  {row.id}  {user}  {row.protocol}  {row.state}  {' '.join(row.rooms)}".rstrip()


def _facts(row: ConnectionRow) -> dict[str, object]:
    return {
        "id": row.id,
        "user_id": row.user_id or None,
        "protocol": row.protocol,
        "state": row.state,
        "connected_at": row.connected_at.isoformat().replace("+00:00", "Z"),
        "rooms": list(row.rooms),
    }
