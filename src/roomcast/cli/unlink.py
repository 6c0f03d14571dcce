"""`roomcast unlink-repo` and `roomcast unlink-user`."""

import click

from roomcast.cli.group import CommandFailed, json_option, stack_option
from roomcast.cli.link import registry_of
from roomcast.cli.output import tell


@click.command()
@click.argument("repository", metavar="OWNER/NAME")
@json_option
@stack_option
def unlink_repo(*, repository: str, as_json: bool, stack: str | None) -> None:
    """Let a GitHub repository's events go nowhere again."""
    found = registry_of(stack).unlink_repository(repository)
    _report("repository", repository, found=found, as_json=as_json)


@click.command()
@click.argument("login")
@json_option
@stack_option
def unlink_user(*, login: str, as_json: bool, stack: str | None) -> None:
    """Forget which user a GitHub login is."""
    found = registry_of(stack).unlink_user(login)
    _report("login", login, found=found, as_json=as_json)


def _report(kind: str, name: str, *, found: bool, as_json: bool) -> None:
    if not found:
        raise CommandFailed(f"{name} was not linked")
    tell(f"{name} is no longer linked", {kind: name, "linked": False}, as_json=as_json)
