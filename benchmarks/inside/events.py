"""Events as the functions get them, one for each, that lead through what it usually does."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt

from benchmarks.aws_answers import JWT_SECRET, ROOM, USER
from benchmarks.traffic import PAYLOAD_BYTES, connection_ids
from roomcast.envelope import Envelope, new_id, timestamp
from roomcast_backend.protocol import codec_named

CONNECTION = connection_ids(1)[0]


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
    }
    return makers[function]()


def token() -> str:
    """Return a token that opens every project."""
    claims = {"sub": USER, "exp": int(time.time()) + 3600, "token_type": "access"}
    return jwt.encode(claims | {"projects": ["*"]}, JWT_SECRET, algorithm="HS256")


def _context(event_type: str, route: str) -> dict[str, Any]:
    return {
        "connectionId": CONNECTION,
        "eventType": event_type,
        "routeKey": route,
        "requestId": "JKJaXmPLvHcESHA=",
        "apiId": "a1b2c3d4e5",
        "stage": "live",
    }
