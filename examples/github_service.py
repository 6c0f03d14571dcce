"""A backend with its own GitHub webhook that publishes events about pull requests and issues.

Roomcast's webhook route (POST /webhooks/github) does this without any code; a backend that already
receives GitHub's webhooks keeps its call sites.

    ROOMCAST_EVENT_BUS=<bus> python examples/github_service.py < delivery.json
"""

import asyncio
import json
import sys
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from roomcast import get_broadcaster

PROJECT_ID = UUID("5f0c7f0e-8d3a-4b1f-9a57-0d5b6a4a9c11")


async def pull_request_opened(payload: dict[str, Any]) -> bool:
    """Publish that a pull request was opened."""
    pull_request = payload["pull_request"]
    return await get_broadcaster().broadcast_pr_created(
        pr_id=uuid5(NAMESPACE_URL, pull_request["url"]),
        project_id=PROJECT_ID,
        title=pull_request["title"],
        description=pull_request["body"],
        author=pull_request["user"]["login"],
        branch=pull_request["head"]["ref"],
        github_url=pull_request["html_url"],
        status="draft" if pull_request["draft"] else "open",
    )


async def issue_edited(payload: dict[str, Any]) -> bool:
    """Publish that the text of an issue changed."""
    issue = payload["issue"]
    return await get_broadcaster().broadcast_issue_updated(
        issue_id=uuid5(NAMESPACE_URL, issue["url"]),
        project_id=PROJECT_ID,
        title=issue["title"],
        description=issue["body"],
        status=issue["state"],
        priority=None,
        assigned_to=None,
    )


async def handle(payload: dict[str, Any]) -> bool:
    """Publish the event of a GitHub delivery; return whether it was accepted."""
    if "pull_request" in payload:
        return await pull_request_opened(payload)
    return await issue_edited(payload)


if __name__ == "__main__":
    print(asyncio.run(handle(json.load(sys.stdin))))
