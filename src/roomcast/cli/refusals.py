"""What a refusal over HTTP says: the status, the service's own reason, and what to do."""

import json
from http import HTTPStatus
from typing import Final

LONGEST: Final = 300
"""Characters of a reason that are shown."""

_NEXT: Final = {
    HTTPStatus.UNAUTHORIZED: "Next: pass another token with --token or ROOMCAST_TOKEN "
    "(`roomcast token USER` mints one), or none at all",
    HTTPStatus.FORBIDDEN: "Next: pass a token that may do this with --token or ROOMCAST_TOKEN",
    HTTPStatus.SERVICE_UNAVAILABLE: "Next: try again; `roomcast doctor` tells what is missing",
}


def in_words(status: int, body: bytes) -> str:
    """Return `401 Unauthorized: the token has expired. Next: …` of a response."""
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    said = _reason(body)
    advice = next((text for known, text in _NEXT.items() if known == status), "")
    return f"{phrase}{f': {said}' if said else ''}{f'. {advice}' if advice else ''}"


def _reason(body: bytes) -> str:
    """Return the `message` of a JSON object, else the text; a page of HTML is no reason."""
    text = body.decode(errors="replace").strip()
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if isinstance(value, dict):
        value = value.get("message", "")
    if not isinstance(value, str) or value.startswith("<"):
        return ""
    return " ".join(value.split())[:LONGEST].rstrip(".")
