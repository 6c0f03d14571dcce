"""Asks a service for its statistics, as an admin."""

from collections.abc import Mapping
from typing import Any

from roomcast.cli import admin_requests
from roomcast.cli.deployment import Deployment
from roomcast.cli.group import CommandFailed


def ask(deployment: Deployment, token: str | None, *, rooms: bool = False) -> Mapping[str, Any]:
    """Return the statistics, with those of every single room under `detail` if `rooms` is set.

    Raises what `admin_requests.get` raises.
    """
    url = deployment.required("stats_url") + ("?detail=rooms" if rooms else "")
    answer = admin_requests.get(deployment, url, token)
    if not isinstance(answer, dict) or not answer:
        raise CommandFailed(f"{url} answered something that is not statistics")
    return answer
