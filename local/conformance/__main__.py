"""Serve the suites on 127.0.0.1 until Ctrl-C: `python -m local.conformance`; PORT moves it."""

import os
import sys

from aiohttp import web

from local.conformance.server import build
from local.ports import LOOPBACK
from local.settings import LAST_PORT

PORT = "3000"
"""Where the suites look for the server."""


def main() -> None:
    """Serve on the port that the environment names."""
    port = os.environ.get("PORT") or PORT
    if not (port.isascii() and port.isdecimal() and 0 < int(port) <= LAST_PORT):
        sys.exit(f"PORT: expected a number from 1 to {LAST_PORT}, got {port!r}")
    try:
        web.run_app(build(), host=LOOPBACK, port=int(port), access_log=None, shutdown_timeout=1)
    except OSError as exc:
        sys.exit(f"port {port} of {LOOPBACK} cannot be used: {exc.strerror}")


main()
