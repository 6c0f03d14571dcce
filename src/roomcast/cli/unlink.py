"""`roomcast unlink-repo` and `roomcast unlink-user`."""

import click

from roomcast.cli.deployment import find_deployment
from roomcast.cli.group import CommandFailed, stack_option
from roomcast.cli.link import registry_of


@click.command()
@click.argument("repository", metavar="OWNER/NAME")
@stack_option
def unlink_repo(repository: str, stack: str | None) -> None:
    """Let a GitHub repository's events go nowhere again."""
    _report(repository, found=registry_of(find_deployment(stack)).unlink_repository(repository))


@click.command()
@click.argument("login")
@stack_option
def unlink_user(login: str, stack: str | None) -> None:
    """Forget which user a GitHub login is."""
    _report(login, found=registry_of(find_deployment(stack)).unlink_user(login))


def _report(name: str, *, found: bool) -> None:
    if not found:
        raise CommandFailed(f"{name} was not linked")
    click.echo(f"{name} is no longer linked")
