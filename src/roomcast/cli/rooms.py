"""`roomcast rooms`: list the rooms that have members."""

import click

from roomcast.cli.deployment import find_deployment
from roomcast.cli.group import admin_token_option, json_option, stack_option
from roomcast.cli.output import tell
from roomcast.cli.statistics import ask


@click.command(
    epilog="""\b
Examples:
  roomcast rooms
  roomcast rooms project: --json
"""
)
@click.argument("beginning", default="")
@json_option
@admin_token_option
@stack_option
def rooms(*, beginning: str, as_json: bool, token: str | None, stack: str | None) -> None:
    """List the rooms that have members, the largest first, with their number.

    BEGINNING chooses those whose names begin so. The numbers are the service's
    counters, some seconds old.
    """
    answer = ask(find_deployment(stack), token, rooms=True)
    detail = answer.get("detail")
    found = {} if not isinstance(detail, dict) else detail
    members = {"global": answer.get("rooms", {}).get("global", 0), **found}
    for name in sorted(members, key=lambda room: (-members[room], room)):
        if members[name] and name.startswith(beginning):
            facts = {"room": name, "members": members[name]}
            tell(f"{members[name]:>9,}  {name}", facts, as_json=as_json)
