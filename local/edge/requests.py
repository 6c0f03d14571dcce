"""HTTP requests: passed to the HTTP API with their bytes untouched."""

from http import HTTPStatus
from typing import Final

from aiohttp import ClientConnectionError, ClientTimeout, web
from yarl import URL

from local.edge.upstreams import CLIENT, UPSTREAMS, end_to_end_headers

MAX_BODY_BYTES: Final = 10 * 1024 * 1024
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""

ORIGIN_TIMEOUT: Final = ClientTimeout(total=None, sock_connect=5, sock_read=30)
"""CloudFront waits as long for an answer.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
"""


async def forward(request: web.Request, target: str = "") -> web.StreamResponse:
    """Answer with what the HTTP API answers at the request's own path and query, or at `target`.

    413 for a body over 10 MB, 502 when the API is down, 504 when it takes too long.
    """
    body = await _body(request)
    if body is None:
        return _refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large")
    url = URL(request.app[UPSTREAMS].http_url + (target or request.raw_path), encoded=True)
    headers = end_to_end_headers(request.headers, without=["host", "content-length", "expect"])
    headers["x-forwarded-for"] = request.remote or ""
    try:
        async with request.app[CLIENT].request(
            request.method,
            url,
            headers=headers,
            data=body or None,
            allow_redirects=False,
            timeout=ORIGIN_TIMEOUT,
        ) as answer:
            return web.Response(
                status=answer.status,
                headers=end_to_end_headers(answer.headers, without=["content-length"]),
                body=await answer.read(),
            )
    except ClientConnectionError as failure:
        if isinstance(failure, TimeoutError):
            return _refuse(HTTPStatus.GATEWAY_TIMEOUT, "The HTTP API takes too long")
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
