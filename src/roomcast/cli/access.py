"""`roomcast kick`, `roomcast remove` and `roomcast revoke`: end a user's access now."""

from datetime import datetime

import click

from roomcast import access
from roomcast.cli.group import CommandFailed, json_option, stack_option, tenant_option
from roomcast.cli.output import tell
from roomcast.cli.publishing import publisher
from roomcast.errors import InvalidEvent

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
@tenant_option
@json_option
@stack_option
def kick(*, user: str, reason: str, tenant: str | None, as_json: bool, stack: str | None) -> None:
    """Close all connections that USER has now, and print the id of the order.

    The clients are told ACCESS_REVOKED and the reason. The user's tokens stay good: whoever has one
    may connect again.
    """
    _send(stack, tenant, access.DISCONNECT, user, reason=reason, as_json=as_json)


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
@tenant_option
@json_option
@stack_option
def remove(
    *, user: str, room: str, reason: str, tenant: str | None, as_json: bool, stack: str | None
) -> None:
    """Take all connections that USER has now out of ROOM, and print the id of the order.

    The connections stay open; the clients are told ACCESS_REVOKED, the room and the reason. A token
    that opens the room still does.
    """
    _send(stack, tenant, access.REMOVE, user, room, reason=reason, as_json=as_json)


@click.command(
    epilog="""
\b
Examples:
  roomcast revoke ada --reason 'this laptop was stolen'
  roomcast revoke ada --issued-before 2026-11-26T12:00:00Z
"""
)
@click.argument("user")
@click.option(
    "--issued-before",
    metavar="TIME",
    help="Revoke the tokens issued before it: 2026-11-26T12:00:00Z, with a zone. Default: now.",
)
@click.option("--reason", default="", help="What the clients are told; up to 256 characters.")
@tenant_option
@json_option
@stack_option
def revoke(
    *,
    user: str,
    issued_before: str | None,
    reason: str,
    tenant: str | None,
    as_json: bool,
    stack: str | None,
) -> None:
    """Refuse the tokens that USER has now, and print the id of the order.

    What is connected with them is closed; the clients are told ACCESS_REVOKED and the reason.
    Tokens that are issued later are good, and so are connections that were made with them.
    """
    moment = None if issued_before is None else _moment(issued_before)
    _send(stack, tenant, access.REVOKE, user, reason=reason, issued_before=moment, as_json=as_json)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as exc:
        raise CommandFailed(
            f"--issued-before: expected a time such as 2026-11-26T12:00:00Z, got {text!r}"
        ) from exc


def _send(
    stack: str | None,
    tenant: str | None,
    kind: str,
    user: str,
    room: str = "",
    *,
    reason: str,
    issued_before: datetime | None = None,
    as_json: bool,
) -> None:
    orders = publisher(stack, tenant=tenant)  # which tells the kinds of rooms
    try:
        order = access.Order.make(
            kind,
            user,
            room,
            reason=reason,
            source=SOURCE,
            issued_before=issued_before,
            tenant=orders.tenant,
        )
    except InvalidEvent as exc:
        raise CommandFailed(str(exc)) from exc
    if not orders.order(order):
        raise CommandFailed(f"the bus did not accept {order.type}")
    tell(order.id, {"id": order.id, "type": order.type}, as_json=as_json)
