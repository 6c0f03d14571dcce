"""`roomcast tail`: print the events of rooms as they arrive."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from roomcast.cli.deployment import Deployment, find_deployment
from roomcast.cli.group import stack_option
from roomcast.rooms import Room

if TYPE_CHECKING:
    from roomcast.cli.stream import EventStream


@click.command(
    epilog="""\b
Examples:
  roomcast tail project:123 agent:7
  roomcast tail global --json | jq .data
  roomcast tail project:123 --user 42 --stack Roomcast
  roomcast tail global --url wss://events.example.com/ws --token "$TOKEN"
"""
)
@click.argument("rooms", nargs=-1, required=True, metavar="ROOM...")
@click.option("--json", "as_json", is_flag=True, help="Whole envelopes, one JSON object per line.")
@click.option("--user", "user_id", default="roomcast-cli", show_default=True, help="Connect as.")
@click.option(
    "--token",
    envvar="ROOMCAST_TOKEN",
    help="Connect with this token (or ROOMCAST_TOKEN); default: an admin's, minted each time.",
)
@click.option("--url", help="WebSocket address of a service without a stack; needs a token.")
@click.option("--quiet", "-q", is_flag=True, help="No notices on stderr.")
@stack_option
def tail(
    *,
    rooms: tuple[str, ...],
    as_json: bool,
    user_id: str,
    token: str | None,
    url: str | None,
    quiet: bool,
    stack: str | None,
) -> None:
    """Print the events of every ROOM until Ctrl-C.

    ROOM is global, user:ID, project:ID, agent:ID, or KIND:ID of a kind that the
    service adds (with --url: ROOMCAST_ROOM_KINDS). A connection that ends is made
    again; events in between are not shown.
    """
    import asyncio
    import contextlib

    from roomcast.cli.rendering import line
    from roomcast.cli.stream import EventStream
    from roomcast.envelope import encode

    if url and not token:
        raise click.UsageError("--url needs a token, too: pass --token")
    deployment = Deployment(name=url, websocket_url=url) if url else find_deployment(stack)
    if not url:
        deployment.take_room_kinds()
    names = tuple(dict.fromkeys(str(Room.parse(room)) for room in rooms))
    stream = EventStream(
        url=deployment.required("websocket_url"),
        rooms=names,
        token=(lambda: token) if token else _minting(deployment, user_id),
        notice=(lambda _: None) if quiet else (lambda text: click.echo(f"# {text}", err=True)),
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_print(stream, encode if as_json else line))


def _minting(deployment: Deployment, user_id: str) -> Callable[[], str]:
    from roomcast.token_minting import mint

    secret = deployment.jwt_secret()
    return lambda: mint(secret, user_id, role="admin")


async def _print(stream: "EventStream", render: Callable[[dict[str, object]], str]) -> None:
    async for envelope in stream.envelopes():
        click.echo(render(envelope))
