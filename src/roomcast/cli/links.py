"""`roomcast links`: list all links."""

from dataclasses import asdict

import click

from roomcast.cli.deployment import find_deployment
from roomcast.cli.group import stack_option
from roomcast.cli.link import registry_of
from roomcast.envelope import encode
from roomcast.registry import RepositoryLink, UserLink


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@stack_option
def links(*, as_json: bool, stack: str | None) -> None:
    """List the linked repositories, then the linked GitHub logins."""
    for link in sorted(registry_of(find_deployment(stack)).links(), key=_order):
        click.echo(encode(_fields(link)) if as_json else "{} -> {}".format(*_columns(link)))


def _fields(link: RepositoryLink | UserLink) -> dict[str, str | int]:
    if isinstance(link, UserLink):
        return asdict(link)
    known = {} if link.repository_id is None else {"repository_id": link.repository_id}
    return {"repository": link.repository, "project_id": link.project_id, **known}


def _order(link: RepositoryLink | UserLink) -> tuple[bool, str]:
    return isinstance(link, UserLink), _columns(link)[0].lower()


def _columns(link: RepositoryLink | UserLink) -> tuple[str, str]:
    if isinstance(link, RepositoryLink):
        return link.repository, f"project:{link.project_id}"
    return link.login, f"user:{link.user_id}"
