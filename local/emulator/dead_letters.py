"""Adds SQS's `ListDeadLetterSourceQueues`, which MiniStack does not have.

`roomcast redrive` finds with it the work queue that a dead letter goes back to.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListDeadLetterSourceQueues.html
"""

import json
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

from local.emulator.patch import UnknownMiniStack

ACTION: Final = "ListDeadLetterSourceQueues"
USED: Final = ("ListQueues", "GetQueueAttributes")

Action = Callable[[dict[str, Any], str], dict[str, Any]]
"""An action of SQS: the request and the URL of its queue in, the answer out."""


def install(sqs: ModuleType) -> None:
    """Add the action; raise `UnknownMiniStack` when the actions it is made of are gone."""
    actions = getattr(sqs, "_HANDLERS", {})
    missing = [name for name in USED if name not in actions]
    if missing:
        raise UnknownMiniStack(f"MiniStack's SQS has no {' and no '.join(missing)}")
    actions[ACTION] = sources_by(actions)


def sources_by(actions: Mapping[str, Action]) -> Action:
    """Return the action: the queues whose redrive policy names the queue of the request."""

    def list_sources(request: dict[str, Any], queue_url: str) -> dict[str, Any]:
        arn = _attribute(actions, request.get("QueueUrl", queue_url), "QueueArn")
        urls = actions["ListQueues"]({}, "")["QueueUrls"]
        return {"queueUrls": [url for url in urls if _target(actions, url) == arn]}

    return list_sources


def _target(actions: Mapping[str, Action], url: str) -> str:
    """Return the ARN of a queue's dead-letter queue; empty when it has none."""
    policy = _attribute(actions, url, "RedrivePolicy")
    return str(json.loads(policy)["deadLetterTargetArn"]) if policy else ""


def _attribute(actions: Mapping[str, Action], url: str, name: str) -> str:
    answer = actions["GetQueueAttributes"]({"QueueUrl": url, "AttributeNames": [name]}, url)
    return str(answer.get("Attributes", {}).get(name, ""))
