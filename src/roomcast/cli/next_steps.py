"""What to run after the service has refused something."""

from http import HTTPStatus
from typing import Final

_AFTER: Final = {
    HTTPStatus.UNAUTHORIZED: "pass another token with --token or ROOMCAST_TOKEN "
    "(`roomcast token USER` mints one), or none at all",
    HTTPStatus.FORBIDDEN: "pass a token that may do this with --token or ROOMCAST_TOKEN",
    HTTPStatus.SERVICE_UNAVAILABLE: "try again; `roomcast doctor` tells what is missing",
}


def after_status(status: int) -> str:
    """Return `. Next: …` for an HTTP status; empty for one that speaks for itself."""
    step = next((text for known, text in _AFTER.items() if known == status), "")
    return f". Next: {step}" if step else ""
