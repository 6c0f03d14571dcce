"""`roomcast link-repo` and `roomcast link-user`: link GitHub's names to projects and users."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from roomcast.cli.deployment import answering
from roomcast.cli.group import json_option, stack_option, tenant_option
from roomcast.cli.output import tell

if TYPE_CHECKING:
    from roomcast.registry import Registry, RepositoryLink, UserLink


def registry_of(stack: str | None) -> "Registry":
    """Return the registry of the service of `stack`, by default of the local one."""
    from roomcast.registry import Registry

    deployment = answering(stack)
    return Registry(deployment.required("registry_table"), client=deployment.client("dynamodb"))


def fields(link: "RepositoryLink | UserLink") -> dict[str, object]:
    """Return what `--json` says of a link: what is known of it."""
    return {name: value for name, value in asdict(link).items() if value is not None}


def in_words(link: "RepositoryLink | UserLink") -> str:
    """Return a link as a line of text."""
    facts = fields(link)
    if "login" in facts:
        return f"{facts['login']} -> user:{facts['user_id']}"
    of = f" of {facts['tenant']}" if "tenant" in facts else ""
    return f"{facts['repository']} -> project:{facts['project_id']}{of}"


@click.command(epilog="Example:  roomcast link-repo octo-org/hello-world 123")
@click.argument("repository", metavar="OWNER/NAME")
@click.argument("project_id")
@click.option(
    "--id",
    "repository_id",
    metavar="NUMBER",
    type=int,
    help="The repository's id on GitHub (gh api repos/OWNER/NAME --jq .id); "
    "default: the first webhook of that name tells it.",
)
@tenant_option
@json_option
@stack_option
def link_repo(
    *,
    repository: str,
    project_id: str,
    repository_id: int | None,
    tenant: str | None,
    as_json: bool,
    stack: str | None,
) -> None:
    """Send a GitHub repository's events to a project.

    The link stays when the repository is renamed or transferred. Another repository that takes the
    name later is not linked: for that one, link the name again.
    """
    registry = registry_of(stack)
    link = registry.link_repository(repository, project_id, repository_id, tenant=tenant)
    tell(in_words(link), fields(link), as_json=as_json)


@click.command(epilog="Example:  roomcast link-user octocat 42")
@click.argument("login")
@click.argument("user_id")
@json_option
@stack_option
def link_user(*, login: str, user_id: str, as_json: bool, stack: str | None) -> None:
    """Tell which user a GitHub login is.

    Issues that are assigned to the login then go to the user's room, too.
    """
    link = registry_of(stack).link_user(login, user_id)
    tell(in_words(link), fields(link), as_json=as_json)
