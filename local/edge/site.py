"""The site: the static files that the CDK puts into its bucket, with the headers of CloudFront."""

from pathlib import Path
from typing import Final

from aiohttp import web

from infra.site import INDEX, caching, content_security

SITE: Final = web.AppKey("site", Path)

HEADERS: Final = {
    "Content-Security-Policy": content_security("http://127.0.0.1:*"),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The emulator, on another port, keeps the data of large events."""


async def serve(request: web.Request) -> web.StreamResponse:
    """Answer with a file of the site's directory, `/` with its index; 404 for anything else.

    Compressed for those who take that, and kept by browsers for as long as with CloudFront.
    """
    root = request.app[SITE].resolve()
    file = (root / (request.path.lstrip("/") or INDEX)).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        return web.json_response({"message": "Not Found"}, status=404)
    cached = {"Cache-Control": caching(file.relative_to(root).as_posix())}
    response = web.FileResponse(file, headers={**HEADERS, **cached})
    response.enable_compression()
    return response
