"""Run the edge on 127.0.0.1 until SIGTERM: `python -m local.edge WEBSOCKET_URL HTTP_URL`."""

import resource
import sys
from typing import Final

from aiohttp import web

from infra.site import SITE
from local.edge.app import SERVER_OPTIONS, build
from local.edge.upstreams import Upstreams
from local.ports import LOOPBACK
from local.settings import Settings

MOST_FILES: Final = 65_536
BACKLOG: Final = 1024
"""Handshakes that may wait for being accepted: many clients connect at once."""


def main() -> None:
    """Serve in front of the two APIs named on the command line."""
    _allow_many_sockets()
    websocket_url, http_url = sys.argv[1:]
    app = build(Upstreams(websocket_url, http_url), SITE)
    port = Settings.from_environment().port
    web.run_app(
        app,
        host=LOOPBACK,
        port=port,
        backlog=BACKLOG,
        access_log=None,
        handler_cancellation=True,  # a request whose client has gone is given up
        print=None,
        shutdown_timeout=1,
        **SERVER_OPTIONS,
    )


def _allow_many_sockets() -> None:
    """Raise the limit of open files: a client takes two, and many systems start with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


main()
