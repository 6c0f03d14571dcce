"""Deliveries of GitHub, as a linked repository sends them."""

import hashlib
import hmac

CONTENT_TYPE = "application/json"


def signed(endpoints: dict[str, str], delivery: str, body: str) -> dict[str, str]:
    """Return the headers of a delivery about an issue."""
    secret = endpoints["github_webhook_secret"].encode()
    signature = hmac.new(secret, body.encode(), hashlib.sha256).hexdigest()
    return {
        "X-GitHub-Event": "issues",
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": f"sha256={signature}",
        "Content-Type": CONTENT_TYPE,
    }


def opened(repository: str, number: int, title: str, body: str = "") -> dict[str, object]:
    """Return the payload about an issue that was opened."""
    return {
        "action": "opened",
        "repository": {"full_name": repository},
        "issue": {
            "url": f"https://api.github.com/repos/octocat/soak/issues/{number}",
            "title": title,
            "body": body,
            "state": "open",
            "labels": [],
            "assignees": [],
            "updated_at": "2026-01-01T00:00:00Z",
        },
    }
