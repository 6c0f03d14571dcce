"""The receiving client of `tail` and its like: its options, its address and its token."""

from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from roomcast.cli.deployment import Deployment, find_deployment
from roomcast.cli.durations import duration
from roomcast.cli.group import START, CommandFailed, stack_option
from roomcast.cli.next_steps import after_status
from roomcast.cli.reachable import patience
from roomcast.rooms import Room

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from roomcast.client import Client, Refused

OPTIONS: Final = (
    click.option(
        "--user", "user_id", default="roomcast-cli", show_default=True, help="Connect as."
    ),
    click.option(
        "--token",
        envvar="ROOMCAST_TOKEN",
        help="Connect with this token (or ROOMCAST_TOKEN); default: an admin's, minted each time.",
    ),
    click.option("--url", help="WebSocket address of a service without a stack; needs a token."),
    click.option(
        "--type",
        "types",
        multiple=True,
        metavar="TYPE",
        help="Only these event types; 'workflow.*' is all that begin so. May be repeated.",
    ),
    click.option("--quiet", "-q", is_flag=True, help="No notices on stderr."),
    stack_option,
)


def receiving_options(command: Any) -> Any:
    """Give a command the options of a client, the arguments of `client_of`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def since_option(text: str) -> Callable[[Any], Any]:
    """Return the option `--since`: an offset of the protocol, or how long ago."""
    return click.option("--since", metavar="WHEN", callback=_since, help=text)


def _since(
    _ctx: click.Context, _param: click.Parameter, text: str | None
) -> str | int | timedelta | None:
    """Read `15m`, a position (`1795548600131`), or the id of an event."""
    if text is None:
        return None
    ago = duration(text)
    if ago is not None:
        return ago
    return int(text) if text.isascii() and text.isdecimal() else text


@asynccontextmanager
async def client_of(
    rooms: Sequence[str],
    *,
    url: str | None,
    token: str | None,
    user_id: str,
    quiet: bool,
    stack: str | None,
) -> "AsyncIterator[Client]":
    """Connect to the service that the options name; every failure says what to run next.

    Raises `InvalidRoom` for a name that is no room of the service, before it connects.
    """
    from roomcast.client import CannotConnect, Refused, connect

    if url and not token:
        raise click.UsageError("--url needs a token, too: pass --token")
    deployment = Deployment(name=url, websocket_url=url) if url else find_deployment(stack)
    if not url:
        deployment.take_room_kinds()
    for room in rooms:
        Room.parse(room)
    address = deployment.required("websocket_url")
    notice = _silence if quiet else _notice
    try:
        async with connect(
            address,
            token or _minting(deployment, user_id),
            on_notice=notice,
            on_gap=lambda room: notice(f"events of {room} may be missing"),
            open_timeout=patience(address),
        ) as client:
            yield client
    except CannotConnect as exc:
        raise CommandFailed(f"{exc}{after_status(exc.status) or f'. {START}'}") from exc
    except Refused as exc:
        raise CommandFailed(f"{exc}{_after(exc)}") from exc


def _after(refused: "Refused") -> str:
    return after_status(int(refused.code)) if refused.code.isdecimal() else ""


def _minting(deployment: Deployment, user_id: str) -> Callable[[], str]:
    from roomcast.token_minting import mint_token

    secret = deployment.jwt_secret()
    return lambda: mint_token(secret, user_id, role="admin")


def _notice(text: str) -> None:
    click.echo(f"# {text}", err=True)


def _silence(_text: str) -> None:
    pass
