"""The site: the static files that the CDK puts into its bucket."""

from pathlib import Path
from typing import Final

from aiohttp import web

INDEX: Final = "index.html"
SITE: Final = web.AppKey("site", Path)


async def serve(request: web.Request) -> web.StreamResponse:
    """Answer with a file of the site's directory, `/` with its index; 404 for anything else."""
    root = request.app[SITE].resolve()
    file = (root / (request.path.lstrip("/") or INDEX)).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        return web.json_response({"message": "Not Found"}, status=404)
    return web.FileResponse(file)
