"""Asks a service over HTTP for what only an admin may see."""

import json
from typing import Any

from roomcast.cli.deployment import Deployment
from roomcast.cli.group import START, CommandFailed
from roomcast.cli.next_steps import after_status
from roomcast.cli.reachable import Unreachable, patience
from roomcast.refusals import in_words


def get(deployment: Deployment, url: str, token: str | None) -> Any:
    """Return the JSON at a URL of a deployment; without a token one is minted.

    Raises `CommandFailed` with the service's reason, and `Unreachable` when it does not answer.
    """
    return _get(url, token or _admin_token(deployment))


def _admin_token(deployment: Deployment) -> str:
    from roomcast.token_minting import mint_token

    return mint_token(deployment.jwt_secret(), "roomcast-cli", role="admin")


def _get(url: str, token: str) -> Any:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    if not url.startswith(("https://", "http://")):
        raise CommandFailed(f"not an HTTP address: {url}")
    request = Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310  checked
    try:
        with urlopen(request, timeout=patience(url)) as response:  # noqa: S310  checked
            return json.load(response)
    except HTTPError as exc:
        with exc:
            said = in_words(exc.code, exc.read())
            raise CommandFailed(f"{url} answered {said}{after_status(exc.code)}") from exc
    except OSError as exc:
        raise Unreachable(url, str(getattr(exc, "reason", exc)), START) from exc
    except ValueError as exc:
        raise CommandFailed(f"{url} answered something that is not JSON") from exc
