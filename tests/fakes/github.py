"""GitHub's own webhooks: recorded payloads, and requests signed as GitHub signs them."""

import base64
import hashlib
import hmac
import json
from functools import cache
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parents[2] / "node_modules/@octokit/webhooks-examples/api.github.com"

SECRET = "It's a Secret to Everybody"
"""GitHub's own example of a secret."""


@cache
def examples() -> dict[str, list[dict[str, Any]]]:
    """Return the recorded payloads by kind; they are a development dependency in package.json."""
    path = RECORDED / "index.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: run `make test`, which installs it")
    return {each["name"]: each["examples"] for each in json.loads(path.read_text("utf-8"))}


def example(kind: str, action: str) -> dict[str, Any]:
    """Return a copy of the first payload that was recorded of an action."""
    found = next(each for each in examples()[kind] if each["action"] == action)
    copy: dict[str, Any] = json.loads(json.dumps(found))
    return copy


def signature(body: bytes, secret: str = SECRET) -> str:
    """Return the value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def request(
    kind: str,
    payload: object = None,
    *,
    body: bytes | None = None,
    delivery: str = "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    in_base64: bool = False,
    headers: dict[str, str | None] | None = None,
) -> dict[str, Any]:
    """Return a delivery as the webhook function gets it; a header of None is left out."""
    raw = json.dumps(payload).encode() if body is None else body
    sent: dict[str, str | None] = {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/044aadd",
        "x-github-event": kind,
        "x-github-delivery": delivery,
        "x-hub-signature-256": signature(raw),
        **(headers or {}),
    }
    return {
        "version": "2.0",
        "rawPath": "/webhooks/github",
        "headers": {name: value for name, value in sent.items() if value is not None},
        "requestContext": {"http": {"method": "POST", "path": "/webhooks/github"}},
        "body": base64.b64encode(raw).decode() if in_base64 else raw.decode(),
        "isBase64Encoded": in_base64,
    }
