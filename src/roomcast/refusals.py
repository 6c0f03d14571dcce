"""What a refusal over HTTP says: the status, and the service's own reason."""

import json
from http import HTTPStatus
from typing import Final

LONGEST: Final = 300
"""Characters of a reason that are shown."""


def in_words(status: int, body: bytes) -> str:
    """Return `401 Unauthorized: the token has expired` of a response."""
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    said = _reason(body)
    return f"{phrase}: {said}" if said else phrase


def _reason(body: bytes) -> str:
    """Return the `message` of a JSON object, else the text; a page of HTML is no reason."""
    text = body.decode(errors="replace").strip()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    if isinstance(value, dict):
        value = value.get("message", "")
    if not isinstance(value, str) or value.startswith("<"):
        return ""
    return " ".join(value.split())[:LONGEST].rstrip(".")
