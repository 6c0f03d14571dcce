"""`roomcast links`: list all links."""

from typing import TYPE_CHECKING

import click

from roomcast.cli.group import json_option, stack_option
from roomcast.cli.link import fields, in_words, registry_of
from roomcast.cli.output import tell

if TYPE_CHECKING:
    from roomcast.registry import RepositoryLink, UserLink


@click.command()
@json_option
@stack_option
def links(*, as_json: bool, stack: str | None) -> None:
    """List the linked repositories, then the linked GitHub logins."""
    for link in sorted(registry_of(stack).links(), key=_order):
        tell(in_words(link), fields(link), as_json=as_json)


def _order(link: "RepositoryLink | UserLink") -> tuple[bool, str]:
    facts = fields(link)
    return "login" in facts, str(facts.get("login") or facts["repository"]).lower()
