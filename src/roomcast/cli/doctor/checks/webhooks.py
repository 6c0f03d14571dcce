"""Checks of the way of a webhook, signed as GitHub signs it."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import uuid4

from roomcast.cli.doctor.check import Check
from roomcast.cli.doctor.finding import CheckFailed, CheckSkipped, Finding, ok
from roomcast.cli.doctor.http_request import Answer, request
from roomcast.cli.doctor.json_client import JsonClient, connected
from roomcast.cli.doctor.target import Target, random_id
from roomcast.registry import Registry

ACCEPTED: Final = 202
UNAUTHORIZED: Final = 401
SILENCE: Final = 5.0
"""Seconds in which a second event would have come."""

LOG: Final = "Read the log of `webhooks`."


async def round_trip(target: Target) -> Finding:
    """Send a webhook, and receive its event."""
    async with _linked(target) as (client, repository):
        answer = await _deliver(target, repository, delivery=str(uuid4()))
        await client.event(_event_id(answer))
    return ok("a signed webhook became an event of its project's room")


async def duplicate(target: Target) -> Finding:
    """Send one delivery twice."""
    delivery = str(uuid4())
    async with _linked(target) as (client, repository):
        first = await _deliver(target, repository, delivery=delivery)
        await client.event(_event_id(first))
        second = await _deliver(target, repository, delivery=delivery)
        if second.status != ACCEPTED or second.json().get("status") != "duplicate":
            raise CheckFailed(f"a repeated delivery was answered {_described(second)}", LOG)
        frames = await client.frames.during(target.patience(SILENCE))
    # The bus may deliver one event twice; only another event counts.
    others = {frame["id"] for frame in frames if "type" in frame} - {_event_id(first)}
    if others:
        raise CheckFailed("a repeated delivery was published a second time", LOG)
    return ok("a delivery that comes twice is published once")


async def secrets(target: Target) -> Finding:
    """See that functions can read both secrets."""
    async with connected(target, random_id()):
        pass  # `connect` has verified a token with its secret
    body = json.dumps({"zen": "x"}).encode()
    answer = await _post(target, "ping", body, secret=uuid4().hex, delivery=str(uuid4()))
    if answer.status != UNAUTHORIZED:
        raise CheckFailed(
            f"a webhook with a wrong signature was answered {_described(answer)}",
            "5xx: the function cannot read its secret. Give the complete ARN, and kms:Decrypt for "
            "a key of your own.",
        )
    return ok("functions read the secrets of tokens and webhooks; a wrong signature gets 401")


@asynccontextmanager
async def _linked(target: Target) -> AsyncIterator[tuple[JsonClient, str]]:
    """Link a repository that does not exist to a new project, and join its room; unlink it."""
    await target.github_secret()
    registry = Registry(
        target.deployment.required("registry_table"), client=target.client("dynamodb")
    )
    project, repository = random_id(), f"roomcast/{random_id()}"
    # Without threads: what was linked must be unlinked even when the check is cancelled.
    registry.link_repository(repository, project)
    try:
        async with connected(target, random_id()) as client:
            await client.succeed("subscribe", room=f"project:{project}")
            yield client, repository
    finally:
        registry.unlink_repository(repository)


async def _deliver(target: Target, repository: str, *, delivery: str) -> Answer:
    secret = await target.github_secret()
    body = json.dumps(sample(repository)).encode()
    return await _post(target, "pull_request", body, secret=secret, delivery=delivery)


async def _post(target: Target, kind: str, body: bytes, *, secret: str, delivery: str) -> Answer:
    url = target.deployment.webhook_url
    if not url:
        raise CheckSkipped("no WebhookUrl is known")
    signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": kind,
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": f"sha256={signed}",
    }
    return await request("POST", url, headers=headers, body=body)


def _event_id(answer: Answer) -> str:
    event_id = answer.json().get("id")
    if answer.status != ACCEPTED or not event_id:
        raise CheckFailed(f"a signed webhook was answered {_described(answer)}", LOG)
    return str(event_id)


def _described(answer: Answer) -> str:
    status = answer.json().get("status")
    return f"HTTP {answer.status}" + (f", {status}" if status else "")


def sample(repository: str) -> dict[str, Any]:
    """Return the payload of a pull request that was opened, with the fields that are read.

    https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request
    """
    return {
        "action": "opened",
        "repository": {"full_name": repository},
        "pull_request": {
            "url": f"https://api.github.com/repos/{repository}/pulls/1",
            "html_url": f"https://github.com/{repository}/pull/1",
            "title": "A check of the deployment",
            "body": None,
            "state": "open",
            "draft": False,
            "merged": False,
            "user": {"login": "roomcast-doctor"},
            "head": {"ref": "doctor"},
            "created_at": "2026-01-01T00:00:00Z",
        },
    }


CHECKS: Final = (
    Check(
        name="webhook",
        proves="A signed webhook of a linked repository becomes an event.",
        rows=("http-base64",),
        seconds=90,
        run=round_trip,
    ),
    Check(
        name="webhook-duplicate",
        proves="A delivery that comes twice is published once.",
        seconds=90,
        run=duplicate,
    ),
    Check(
        name="secrets",
        proves="Functions can read the secrets of tokens and of webhooks.",
        rows=("secret-partial-arn", "secret-kms"),
        seconds=60,
        run=secrets,
    ),
)
