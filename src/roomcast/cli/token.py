"""`roomcast token`: mint a token for development."""

from datetime import timedelta

import click

from roomcast.cli.deployment import find_deployment
from roomcast.cli.durations import duration
from roomcast.cli.group import json_option, stack_option
from roomcast.cli.output import tell
from roomcast.token_minting import mint_token


def _duration(_ctx: click.Context, _param: click.Parameter, text: str) -> timedelta:
    given = duration(text)
    if given is None:
        raise click.BadParameter(f"expected a duration such as 90s, 15m, 1h or 7d, got {text!r}")
    return given


@click.command(
    epilog="""\b
Examples:
  roomcast token 42 --project 123
  roomcast token 42 --project '*' --lifetime 15m
  roomcast token 42 --room 'project:at*'
  roomcast token ops --admin --stack Roomcast
"""
)
@click.argument("user_id")
@click.option("--project", "projects", multiple=True, metavar="ID", help="Opens it; '*' is all.")
@click.option("--agent", "agents", multiple=True, metavar="ID", help="Narrows agents to these.")
@click.option("--room", "rooms", multiple=True, metavar="NAME", help="Opens it; * as a suffix.")
@click.option("--tenant", metavar="ID", help="The claim of that name: to whom all rooms belong.")
@click.option("--email", help="The claim of that name.")
@click.option("--role", help="The claim of that name.")
@click.option("--admin", "role", flag_value="admin", help="Role admin: opens every room.")
@click.option("--lifetime", callback=_duration, default="1h", show_default=True, metavar="1h")
@json_option
@stack_option
def token(
    *,
    user_id: str,
    projects: tuple[str, ...],
    agents: tuple[str, ...],
    rooms: tuple[str, ...],
    tenant: str | None,
    email: str | None,
    role: str | None,
    lifetime: timedelta,
    as_json: bool,
    stack: str | None,
) -> None:
    """Print a token that speaks for USER_ID.

    It is signed with the service's secret; whoever may read that may speak for
    everyone. In production tokens come from the identity service.
    """
    minted = mint_token(
        find_deployment(stack).jwt_secret(),
        user_id,
        role=role,
        projects=projects or None,
        agents=agents or None,
        rooms=rooms or None,
        tenant=tenant,
        email=email,
        lifetime=lifetime,
    )
    tell(minted, {"token": minted}, as_json=as_json)
