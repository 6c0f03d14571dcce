"""`roomcast link-repo` and `roomcast link-user`: link GitHub's names to projects and users."""

import click

from roomcast.cli.deployment import Deployment, find_deployment
from roomcast.cli.group import stack_option
from roomcast.registry import Registry


def registry_of(deployment: Deployment) -> Registry:
    """Return the registry of a service."""
    return Registry(deployment.required("registry_table"), client=deployment.client("dynamodb"))


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
@stack_option
def link_repo(
    repository: str, project_id: str, repository_id: int | None, stack: str | None
) -> None:
    """Send a GitHub repository's events to a project.

    The link stays when the repository is renamed or transferred. Another repository that takes the
    name later is not linked: for that one, link the name again.
    """
    registry = registry_of(find_deployment(stack))
    link = registry.link_repository(repository, project_id, repository_id)
    click.echo(f"{link.repository} -> project:{link.project_id}")


@click.command(epilog="Example:  roomcast link-user octocat 42")
@click.argument("login")
@click.argument("user_id")
@stack_option
def link_user(login: str, user_id: str, stack: str | None) -> None:
    """Tell which user a GitHub login is.

    Issues that are assigned to the login then go to the user's room, too.
    """
    link = registry_of(find_deployment(stack)).link_user(login, user_id)
    click.echo(f"{link.login} -> user:{link.user_id}")
