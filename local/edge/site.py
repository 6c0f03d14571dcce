"""The site: the static files that the CDK puts into its bucket, with the headers of CloudFront."""

from pathlib import Path
from typing import Final

from aiohttp import web

from infra.site import INDEX, content_security

SITE: Final = web.AppKey("site", Path)

HEADERS: Final = {
    "Content-Security-Policy": content_security("http://127.0.0.1:*"),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The emulator, on another port, keeps the data of large events."""


async def serve(request: web.Request) -> web.StreamResponse:
    """Answer with a file of the site's directory, `/` with its index; 404 for anything else."""
    root = request.app[SITE].resolve()
    file = (root / (request.path.lstrip("/") or INDEX)).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        return web.json_response({"message": "Not Found"}, status=404)
    return web.FileResponse(file, headers=HEADERS)
