"""`roomcast unlink-repo` and `roomcast unlink-user`."""

import click

from roomcast.cli.deployment import find
from roomcast.cli.group import Failure, stack_option
from roomcast.cli.link import registry_of


@click.command()
@click.argument("repository", metavar="OWNER/NAME")
@stack_option
def unlink_repo(repository: str, stack: str | None) -> None:
    """Let a GitHub repository's events go nowhere again."""
    _tell(repository, found=registry_of(find(stack)).unlink_repository(repository))


@click.command()
@click.argument("login")
@stack_option
def unlink_user(login: str, stack: str | None) -> None:
    """Forget which user a GitHub login is."""
    _tell(login, found=registry_of(find(stack)).unlink_user(login))


def _tell(name: str, *, found: bool) -> None:
    if not found:
        raise Failure(f"{name} was not linked")
    click.echo(f"{name} is no longer linked")
