"""`roomcast kick` and `roomcast remove`: end a user's access now."""

import os

import click

from roomcast import access
from roomcast.bus import EventBus
from roomcast.cli.deployment import find_deployment
from roomcast.cli.group import CommandFailed, stack_option
from roomcast.environment import EVENT_BUS
from roomcast.errors import InvalidEvent
from roomcast.publisher import Publisher

SOURCE = "roomcast_cli"


@click.command(
    epilog="""
\b
Example:
  roomcast kick ada --reason 'this account is closed'
"""
)
@click.argument("user")
@click.option("--reason", default="", help="What the clients are told; up to 256 characters.")
@stack_option
def kick(user: str, reason: str, stack: str | None) -> None:
    """Close all connections that USER has now, and print the id of the order.

    The clients are told ACCESS_REVOKED and the reason. The user's tokens stay good: whoever has one
    may connect again.
    """
    _send(stack, access.DISCONNECT, user, "", reason)


@click.command(
    epilog="""
\b
Example:
  roomcast remove ada project:7 --reason 'has left the team'
"""
)
@click.argument("user")
@click.argument("room")
@click.option("--reason", default="", help="What the clients are told; up to 256 characters.")
@stack_option
def remove(user: str, room: str, reason: str, stack: str | None) -> None:
    """Take all connections that USER has now out of ROOM, and print the id of the order.

    The connections stay open; the clients are told ACCESS_REVOKED, the room and the reason. A token
    that opens the room still does.
    """
    _send(stack, access.REMOVE, user, room, reason)


def _send(stack: str | None, kind: str, user: str, room: str, reason: str) -> None:
    publisher = _publisher(stack)
    try:
        order = access.Order.make(kind, user, room, reason=reason, source=SOURCE)
    except InvalidEvent as exc:
        raise CommandFailed(str(exc)) from exc
    if not publisher.order(order):
        raise CommandFailed(f"the bus did not accept {order.type}")
    click.echo(order.id)


def _publisher(stack: str | None) -> Publisher:
    """Return a publisher: to the stack, else the environment's bus, else the local service."""
    if not stack and os.environ.get(EVENT_BUS):
        return Publisher(EventBus())
    deployment = find_deployment(stack)
    deployment.take_room_kinds()
    return Publisher(EventBus(deployment.required("event_bus"), client=deployment.client("events")))
