"""HTTP requests: passed to the HTTP API with their bytes untouched."""

from http import HTTPStatus
from typing import Final

from aiohttp import ClientConnectionError, web
from yarl import URL

from local.edge.upstreams import CLIENT, UPSTREAMS, end_to_end_headers

MAX_BODY_BYTES: Final = 10 * 1024 * 1024
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""


async def forward(request: web.Request) -> web.StreamResponse:
    """Answer with what the HTTP API answers: 413 for a body over 10 MB, 502 when it is down."""
    body = await _body(request)
    if body is None:
        return _refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large")
    url = URL(request.app[UPSTREAMS].http_url + request.raw_path, encoded=True)
    headers = end_to_end_headers(request.headers, without=["host", "content-length", "expect"])
    headers["x-forwarded-for"] = request.remote or ""
    try:
        async with request.app[CLIENT].request(
            request.method, url, headers=headers, data=body or None, allow_redirects=False
        ) as answer:
            return web.Response(
                status=answer.status,
                headers=end_to_end_headers(answer.headers, without=["content-length"]),
                body=await answer.read(),
            )
    except ClientConnectionError:
        return _refuse(HTTPStatus.BAD_GATEWAY, "The HTTP API does not answer: is it running?")


async def _body(request: web.Request) -> bytes | None:
    """Return the whole body; None as soon as it is known to be over the limit."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)


def _refuse(status: HTTPStatus, message: str) -> web.Response:
    response = web.json_response({"message": message}, status=status)
    response.force_close()  # the rest of the body is not read
    return response
