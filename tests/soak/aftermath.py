"""What may be left of a service whose clients have all gone: nothing."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import httpx

PATIENCE = 60.0
"""Seconds for the last connection to be forgotten and counted."""


def aftermath(endpoints: dict[str, str]) -> Iterator[str]:
    """Yield what is left of connections, memberships and work, each in one sentence."""
    counted = _statistics_at_rest(endpoints)
    if _present(counted):
        yield f"everybody has left, and the statistics say {json.dumps(counted)}"
    sqs = boto3.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        waiting = sum(int(found.get(name, 0)) for name in names)
        if waiting:
            yield f"{waiting} messages are left in {url.rpartition('/')[2]}"


def _statistics_at_rest(endpoints: dict[str, str]) -> dict[str, Any]:
    """Return the statistics, as soon as they say that nobody is there, else after a while."""
    until = time.monotonic() + PATIENCE
    while True:
        headers = {"Authorization": f"Bearer {endpoints['admin_token']}"}
        answer = httpx.get(endpoints["stats_url"], headers=headers, timeout=20).raise_for_status()
        counted: dict[str, Any] = answer.json()
        if not _present(counted) or time.monotonic() >= until:
            return {name: counted[name] for name in ("connections", "rooms")}
        time.sleep(1)


def _present(counted: dict[str, Any]) -> bool:
    return bool(counted["connections"] or any(counted["rooms"].values()))
