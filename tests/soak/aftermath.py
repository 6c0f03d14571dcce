"""What may be left of a service whose clients have all gone: nothing."""

import time
from collections.abc import Iterator
from typing import Any

import boto3
import httpx

PATIENCE = 60.0
"""Seconds for the last connection to be forgotten and counted, and the last deadline to pass."""

WAITING = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)


def aftermath(endpoints: dict[str, str]) -> list[str]:
    """Return what is left of connections, memberships and work, each in one sentence."""
    until = time.monotonic() + PATIENCE
    while (left := [*_counted(endpoints), *_queued()]) and time.monotonic() < until:
        time.sleep(1)
    return left


def _counted(endpoints: dict[str, str]) -> Iterator[str]:
    headers = {"Authorization": f"Bearer {endpoints['admin_token']}"}
    answer = httpx.get(endpoints["stats_url"], headers=headers, timeout=20).raise_for_status()
    statistics: dict[str, Any] = answer.json()
    members = {"connections": statistics["connections"], **statistics["rooms"]}
    for name, count in members.items():
        if count:
            yield f"everybody has left, and the statistics count {count} in {name}"


def _queued() -> Iterator[str]:
    sqs = boto3.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        waiting = sum(int(found.get(name, 0)) for name in WAITING)
        if waiting:
            yield f"{waiting} messages are left in {url.rpartition('/')[2]}"
