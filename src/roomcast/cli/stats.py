"""`roomcast stats`: show the statistics of a running service."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from roomcast.cli.deployment import find_deployment
from roomcast.cli.group import admin_token_option, json_option, stack_option
from roomcast.cli.statistics import ask


@click.command()
@json_option
@click.option("--rooms", is_flag=True, help="With every single room.")
@admin_token_option
@stack_option
def stats(*, as_json: bool, rooms: bool, token: str | None, stack: str | None) -> None:
    """Show how many connections, room members and events there are, and what events have cost.

    With --json it is the service's answer as it is.
    """
    from roomcast.cli.event_costs import event_lines
    from roomcast.envelope import encode

    answer = ask(find_deployment(stack), token, rooms=rooms)
    if as_json:
        click.echo(encode(answer))
        return
    lines = list(_lines(answer))
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        click.echo(f"{name:<{width}}  {value:>12,}")
    for line in event_lines(answer):
        click.echo(line)


def _lines(answer: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the name and the number of each line; nested names follow their parent's name."""
    for name, value in answer.items():
        if isinstance(value, dict):
            yield from _lines({f"{name} {child}": count for child, count in value.items()})
        elif isinstance(value, int):
            yield name, value
