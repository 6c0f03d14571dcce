"""Reads the frame of a client, and when it came, from API Gateway's event."""

from collections.abc import Mapping
from typing import Any

BINARY = "b"


def frame_of(event: Mapping[str, Any]) -> str:
    """Return a client's frame; the empty string when it has no content.

    API Gateway leaves `body` out for an empty frame (docs/aws.md, `ws-missing-body`). A binary
    frame, which comes in base64, is written as Engine.IO writes binary data in text: no protocol
    here takes one as a command. API Gateway itself ends a connection that sends one.
    """
    body: str = event.get("body") or ""
    return BINARY + body if event.get("isBase64Encoded") else body


def time_of(event: Mapping[str, Any]) -> int | None:
    """Return when API Gateway got a frame, epoch milliseconds; None when it does not say."""
    at = event["requestContext"].get("requestTimeEpoch")
    return at if isinstance(at, int) and at > 0 else None
