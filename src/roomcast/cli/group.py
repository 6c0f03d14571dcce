"""The group of all commands, and the one place where an error becomes an exit code."""

from typing import Any

import click
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
)

from roomcast.errors import NotConfigured, RoomcastError


class CommandFailed(click.ClickException):
    """A command failed: one line on stderr, no traceback, exit code 1."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class InvalidInput(CommandFailed):
    """An argument or a setting is invalid: exit code 2, as for click's own usage errors."""

    exit_code = 2


def advice(error: Exception) -> str:
    """Return what to do when boto3 finds no credentials or no Region; empty for other errors."""
    if isinstance(error, NoCredentialsError | NoRegionError):
        return " Next: set AWS_PROFILE and AWS_DEFAULT_REGION, or log in"
    return ""


class Commands(click.Group):
    """Runs one command and turns every expected error into `CommandFailed`."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except RoomcastError as exc:
            wrong = isinstance(exc, ValueError | NotConfigured)
            raise (InvalidInput if wrong else CommandFailed)(str(exc)) from exc
        except ClientError as exc:
            error = exc.response.get("Error", {})
            raise CommandFailed(
                f"AWS refused {exc.operation_name}: {error.get('Message') or error.get('Code')}"
            ) from exc
        except BotoCoreError as exc:
            raise CommandFailed(f"AWS cannot be reached: {exc}{advice(exc)}") from exc

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of a first use, not of the alphabet."""
        return list(self.commands)


stack_option = click.option(
    "--stack",
    metavar="NAME",
    envvar="ROOMCAST_STACK",
    help="CloudFormation stack of a service on AWS; default: the local one.",
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="roomcast")
def main() -> None:
    """Publish and watch realtime events.

    Commands work with the local service that `make up` started (found by
    .local/endpoints.json in this folder or above, or by ROOMCAST_ENDPOINTS),
    or with one on AWS: --stack NAME, or ROOMCAST_STACK.

    \b
    A first look, in two terminals:
      roomcast tail project:123
      roomcast publish project.deleted project_id=123 deleted_by=42
    """
