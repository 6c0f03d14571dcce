"""The group of all commands, and the one place where an error becomes an exit code.

A command is imported when it is run or explained, and what it works with when it runs: `--help`
imports neither boto3 nor pydantic.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, TypeVar

import click

from roomcast.errors import NotConfigured, RoomcastError
from roomcast.version import __version__

STACK_VARIABLE: Final = "ROOMCAST_STACK"

TENANT_VARIABLE: Final = "ROOMCAST_TENANT"

CREDENTIALS: Final = (
    "Next: set AWS_PROFILE and AWS_DEFAULT_REGION, or log in; "
    "`aws sts get-caller-identity` tells whether they work"
)

START: Final = (
    "Next: run `make dev` or `make up` for a local service, or pass --stack NAME for one on AWS"
)
"""What to do where no service answers."""


class CommandFailed(click.ClickException):
    """A command failed: one line on stderr, no traceback, exit code 1."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class InvalidInput(CommandFailed):
    """An argument or a setting is invalid: exit code 2, as for click's own usage errors."""

    exit_code = 2


def advice(error: Exception) -> str:
    """Return what to do about an error of boto3 that is known; empty for other errors."""
    name = type(error).__name__
    if name in ("NoCredentialsError", "NoRegionError", "ProfileNotFound", "TokenRetrievalError"):
        return f". {CREDENTIALS}"
    if name in ("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError"):
        return ". Next: check AWS_DEFAULT_REGION and the way to that address"
    return ""


class Commands(click.Group):
    """Imports a command when it is needed, and turns every expected error into `CommandFailed`.

    `offered` has the module and the help in one line for each name; the module's attribute is the
    name with underscores. The order is that of a first use, not of the alphabet.
    """

    offered: dict[str, tuple[str, str]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = {}

    def offer(self, name: str, module: str, text: str) -> None:
        """Offer a command of a module, with its help in one line."""
        self.offered[name] = (module, text)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return [*self.offered, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None for a name that no command has."""
        if cmd_name not in self.offered:
            return super().get_command(ctx, cmd_name)
        module, _ = self.offered[cmd_name]
        command: click.Command = getattr(import_module(module), cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        rows = [(name, text) for name, (_, text) in self.offered.items()]
        rows += [(name, each.get_short_help_str(60)) for name, each in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except RoomcastError as exc:
            wrong = isinstance(exc, ValueError | NotConfigured)
            raise (InvalidInput if wrong else CommandFailed)(str(exc)) from exc
        except Exception as exc:
            failure = _failure_of_aws(exc)
            if failure is None:
                raise
            raise failure from exc


def _failure_of_aws(error: Exception) -> CommandFailed | None:
    """Return what to say of an error of boto3; None for another error.

    Where botocore was not imported none of its errors was raised.
    """
    if "botocore" not in sys.modules:
        return None
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        known = error.response.get("Error", {})
        return CommandFailed(
            f"AWS refused {error.operation_name}: {known.get('Message') or known.get('Code')}"
        )
    if isinstance(error, BotoCoreError):
        return CommandFailed(f"AWS cannot be reached: {error}{advice(error)}")
    return None


Command = TypeVar("Command", bound=Callable[..., Any])


def _of_the_group(ctx: click.Context, _param: click.Parameter, given: str | None) -> str | None:
    """Return the stack that is named after the command, else the one that is named before it."""
    return given or ctx.find_root().params.get("stack")


def tenant_option(command: Command) -> Command:
    """Give a command the option `--tenant`."""
    return click.option(
        "--tenant",
        metavar="ID",
        envvar=TENANT_VARIABLE,
        help=f"The tenant to whom rooms and users belong (or {TENANT_VARIABLE}); default: none.",
    )(command)


def stack_option(command: Command) -> Command:
    """Give a command the option `--stack`, which may also stand before the command."""
    return click.option(
        "--stack",
        metavar="NAME",
        callback=_of_the_group,
        help=f"CloudFormation stack of a service on AWS (or {STACK_VARIABLE}); "
        "default: the local one.",
    )(command)


def json_option(command: Command) -> Command:
    """Give a command the option `--json`, the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")(
        command
    )


def admin_token_option(command: Command) -> Command:
    """Give a command the option `--token`, for what only an admin may see."""
    return click.option(
        "--token",
        envvar="ROOMCAST_TOKEN",
        help="An admin's token (or ROOMCAST_TOKEN); default: one minted for this call.",
    )(command)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="roomcast")
@click.option(
    "--stack",
    metavar="NAME",
    envvar=STACK_VARIABLE,
    help=f"CloudFormation stack of a service on AWS (or {STACK_VARIABLE}); default: the local one.",
)
def main(stack: str | None) -> None:
    """Publish and watch realtime events.

    Commands work with the local service that `make up` started (found by
    .local/endpoints.json in this folder or above, or by ROOMCAST_ENDPOINTS),
    or with one on AWS: --stack NAME, or ROOMCAST_STACK.

    \b
    A first look, in two terminals:
      roomcast tail project:123
      roomcast publish project.deleted project_id=123 deleted_by=42
    """
