"""Events as the functions get them, one for each, that lead through what it usually does."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt

from benchmarks.aws_answers import JWT_SECRET, ROOM, USER
from benchmarks.traffic import PAYLOAD_BYTES, connection_ids
from roomcast.envelope import Envelope, new_id, timestamp
from roomcast_backend.protocol import codec_named
from roomcast_backend.stores import keys

CONNECTION = connection_ids(1)[0]

ISSUE = {
    "action": "opened",
    "repository": {"full_name": "octocat/hello-world"},
    "issue": {
        "url": "https://api.github.com/repos/octocat/hello-world/issues/1347",
        "title": "Found a bug",
        "body": "I'm having a problem with this.",
        "state": "open",
        "labels": [{"name": "bug"}],
        "assignees": [],
        "closed_at": None,
        "updated_at": "2026-01-01T00:00:00Z",
    },
}
"""What is read of a webhook; GitHub sends some 10 KB around it."""


def envelope(room: str = ROOM) -> Envelope:
    """Return a new event of which members get `PAYLOAD_BYTES` through `room`."""

    def with_step(step: str) -> Envelope:
        data = {"workflow_id": USER, "status": "running", "progress": 40, "current_step": step}
        kind = "workflow.progress"
        return Envelope(new_id(), kind, timestamp(), "workflow_service", (room,), data)

    missing = PAYLOAD_BYTES - len(codec_named("json").encode_event(with_step(""), room))
    return with_step("x" * missing)


def of_the_bus(event: Envelope) -> dict[str, Any]:
    """Return an event as EventBridge hands it over."""
    return {"id": str(uuid4()), "detail-type": event.type, "detail": event.to_detail()}


def of_the_queue(*bodies: str) -> dict[str, Any]:
    """Return messages as SQS hands them over."""
    records = [
        {"messageId": str(uuid4()), "receiptHandle": "handle", "body": body, "attributes": {}}
        | {"eventSource": "aws:sqs", "awsRegion": "us-east-1", "messageAttributes": {}}
        for body in bodies
    ]
    return {"Records": records}


def frame(body: str) -> dict[str, Any]:
    """Return a client's frame as API Gateway hands it over."""
    return {"requestContext": _context("MESSAGE", "$default"), "body": body}


def usual(function: str) -> dict[str, Any]:
    """Return an event for a function."""
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "connect": lambda: {
            "requestContext": _context("CONNECT", "$connect"),
            "headers": {"Authorization": f"Bearer {token()}", "Origin": "https://example.com"},
        },
        "disconnect": lambda: {"requestContext": _context("DISCONNECT", "$disconnect")},
        "subscribe": lambda: frame(f'{{"action":"subscribe","room":"{ROOM}","id":1}}'),
        "broadcast": lambda: of_the_bus(envelope()),
        "open": lambda: {"connection_id": CONNECTION},
        "heartbeat": dict,
        "deadline": lambda: of_the_queue(f'{{"connection_id":"{CONNECTION}"}}'),
        "count": _joined,
        "status": lambda: _request("GET", "/health"),
        "webhooks": _webhook,
    }
    return makers[function]()


def token() -> str:
    """Return a token that opens every project."""
    claims = {"sub": USER, "exp": int(time.time()) + 3600, "token_type": "access"}
    return jwt.encode(claims | {"projects": ["*"]}, JWT_SECRET, algorithm="HS256")


def _joined() -> dict[str, Any]:
    """Return what the rooms table's stream says of one connection that joined."""
    partition = keys.partition(ROOM, 0)
    key = {"room": {"S": partition}, "connection_id": {"S": CONNECTION}}
    change = {"Keys": key, "SequenceNumber": str(time.time_ns())}
    return {"Records": [{"eventName": "INSERT", "dynamodb": change}]}


def _webhook() -> dict[str, Any]:
    """Return a delivery of GitHub's, signed."""
    body = json.dumps(ISSUE)
    signed = hmac.new(JWT_SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/json",
        "x-github-event": "issues",
        "x-github-delivery": str(uuid4()),
        "x-hub-signature-256": f"sha256={signed}",
    }
    return _request("POST", "/webhooks/github", headers, body)


def _request(
    method: str, path: str, headers: dict[str, str] | None = None, body: str = ""
) -> dict[str, Any]:
    """Return a request as the HTTP API hands it over."""
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers or {},
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
        "body": body,
        "isBase64Encoded": False,
    }


def _context(event_type: str, route: str) -> dict[str, Any]:
    return {
        "connectionId": CONNECTION,
        "eventType": event_type,
        "routeKey": route,
        "requestId": "JKJaXmPLvHcESHA=",
        "apiId": "a1b2c3d4e5",
        "stage": "live",
    }
