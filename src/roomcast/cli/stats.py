"""`roomcast stats`: show the statistics of a running service."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, Final

import click

from roomcast.cli.deployment import Deployment, find_deployment
from roomcast.cli.group import CommandFailed, stack_option
from roomcast.envelope import encode
from roomcast.token_minting import mint

TIMEOUT: Final = 10
"""Seconds. The service reads counters, which takes less than one second."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The service's answer as it is.")
@click.option("--rooms", is_flag=True, help="With every single room.")
@click.option("--token", help="An admin's token; default: one minted for this call.")
@stack_option
def stats(*, as_json: bool, rooms: bool, token: str | None, stack: str | None) -> None:
    """Show how many connections, room members and events there are."""
    deployment = find_deployment(stack)
    url = deployment.required("stats_url") + ("?detail=rooms" if rooms else "")
    answer = _get(url, token or _admin_token(deployment))
    if as_json:
        click.echo(encode(answer))
        return
    lines = list(_lines(answer))
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        click.echo(f"{name:<{width}}  {value:>12,}")


def _admin_token(deployment: Deployment) -> str:
    return mint(deployment.jwt_secret(), "roomcast-cli", role="admin")


def _get(url: str, token: str) -> dict[str, Any]:
    if not url.startswith(("https://", "http://")):
        raise CommandFailed(f"not an HTTP address: {url}")
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310  checked above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
            answer = json.load(response)
    except urllib.error.HTTPError as exc:
        raise CommandFailed(f"{url} answered {exc.code} {exc.reason}") from exc
    except OSError as exc:
        raise CommandFailed(f"{url} does not answer: {getattr(exc, 'reason', exc)}") from exc
    except ValueError as exc:
        raise CommandFailed(f"{url} answered something that is not JSON") from exc
    if not isinstance(answer, dict) or not answer:
        raise CommandFailed(f"{url} answered something that is not statistics")
    return answer


def _lines(answer: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the name and the number of each line; nested names follow their parent's name."""
    for name, value in answer.items():
        if isinstance(value, dict):
            yield from _lines({f"{name} {child}": count for child, count in value.items()})
        elif isinstance(value, int):
            yield name, value
