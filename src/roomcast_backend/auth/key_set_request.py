"""Gets a key set from its URL.

The answer is small and comes at once, or it is none: size, time and redirects are bounded.
"""

import time
from http.client import HTTPException
from typing import IO, Any, Final
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from roomcast.version import __version__
from roomcast_backend.auth.key_set import LARGEST, BadKeySet
from roomcast_backend.aws.http import tls

SECONDS: Final = 3.0
"""For the whole answer; each wait for the network ends by then, too."""

HEADERS: Final = {"User-Agent": f"roomcast/{__version__}", "Accept": "application/json"}
"""Some providers refuse Python's own User-Agent."""

_CHUNK: Final = 64 * 1024


class HttpsRedirects(HTTPRedirectHandler):
    """Follows redirects to https alone: what comes over http can be anybody's keys."""

    max_redirections = 3

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        """Return the next request; raise `URLError` for another scheme."""
        if urlsplit(newurl).scheme != "https":
            raise URLError("expected a redirect to https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch_key_set(url: str) -> bytes:
    """Return what a URL answers; raise `BadKeySet` for no answer, a late or a too large one."""
    until = time.monotonic() + SECONDS
    opener = build_opener(HTTPSHandler(context=tls.verifying()), HttpsRedirects())
    try:
        with opener.open(Request(url, headers=HEADERS), timeout=SECONDS) as answer:  # noqa: S310
            return _read(answer, until=until)
    except (OSError, HTTPException, ValueError) as exc:
        raise BadKeySet(f"the key set was not read: {exc}") from exc


def _read(answer: Any, *, until: float) -> bytes:
    body = b""
    while chunk := answer.read1(_CHUNK):
        body += chunk
        if len(body) > LARGEST:
            raise BadKeySet(f"expected a key set of at most {LARGEST} bytes")
        if time.monotonic() > until:
            raise BadKeySet(f"expected a key set within {SECONDS:.0f} s")
    return body
