"""The site: where `make dashboard` puts its built files, and what a browser lets them do.

For CloudFront (infra/edge.py) and for the edge on one machine (local/edge): it imports nothing.
"""

from pathlib import Path
from typing import Final

SITE: Final = Path(__file__).parents[1] / ".build/dashboard"
"""The files of web/dashboard, as Vite builds them."""

INDEX: Final = "index.html"


ASSETS: Final = "assets"
"""The folder of the files whose names change with their content."""

KEEP: Final = "public, max-age=31536000, immutable"
CHECK: Final = "no-cache"
"""What browsers are told of files in `ASSETS`, and of all others: those are asked for each time, so
that no browser shows an index whose scripts a deployment has replaced."""


class SiteMissing(Exception):
    """The site was not built; the message says what to do."""


def built(site: Path = SITE) -> Path:
    """Return the directory of the built site; raise `SiteMissing` when it has no index."""
    if not (site / INDEX).is_file():
        raise SiteMissing("The site is not built. Next: make dashboard")
    return site


def caching(path: str) -> str:
    """Return the `Cache-Control` of a file of the site, by its path from there."""
    return KEEP if path.startswith(f"{ASSETS}/") else CHECK


def content_security(*data_sources: str) -> str:
    """Return the site's content security policy; `data_sources` hold the data of large events.

    The page runs its own scripts and styles and talks to its own host only; `'self'` covers wss:
    of the same host (CSP level 3).
    """
    directives = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        " ".join(("connect-src 'self'", *data_sources)),
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    )
    return "; ".join(directives)
