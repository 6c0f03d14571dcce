"""One HTTP request whose answer is a value, whatever its status."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from roomcast.cli.doctor.finding import CheckFailed

TIMEOUT: Final = 30
"""Seconds; API Gateway waits no longer for a function."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The status and the body of an HTTP response."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body, an empty one when it is something else."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


async def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """Make a request; raise `CheckFailed` when nothing answers."""
    return await asyncio.to_thread(_request, method, url, headers or {}, body)


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
    if not url.startswith(("https://", "http://")):
        raise CheckFailed(f"not an HTTP address: {url}")
    asked = urllib.request.Request(url, body, dict(headers), method=method)  # noqa: S310  checked
    try:
        with urllib.request.urlopen(asked, timeout=TIMEOUT) as response:  # noqa: S310
            return Answer(response.status, response.read())
    except urllib.error.HTTPError as exc:
        with exc:
            return Answer(exc.code, exc.read())
    except OSError as exc:
        raise CheckFailed(f"{url} does not answer: {getattr(exc, 'reason', exc)}") from exc
