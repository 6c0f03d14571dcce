"""`/socket.io` over HTTP: Engine.IO's long-polling, with which Socket.IO's clients begin."""

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.poll.wiring import transport, warm_up
from roomcast_backend.auth.verification_keys import KeysUnavailable
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.polling.errors import PollingRefused
from roomcast_backend.polling.request import PollingRequest
from roomcast_backend.runtime.startup import initialize
from roomcast_backend.runtime.unavailable import HANDSHAKES, count_unavailable

logger = Logger()
PREFLIGHT = "OPTIONS"
"""API Gateway may pass a preflight request on, whatever its path (docs/aws.md, http-cors-default).
"""

PATHS = ("/socket.io", "/ws")
UNAVAILABLE = {"code": 3, "message": "the service cannot answer now: connect again"}
initialize(warm_up)


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer one request. API Gateway adds the headers of CORS; the sid is in no log."""
    if event["requestContext"]["http"]["method"] == PREFLIGHT:
        return _answer(HTTPStatus.NO_CONTENT, "text/plain", "")
    if event["rawPath"].rstrip("/") not in PATHS:
        return _json(HTTPStatus.NOT_FOUND, {"message": "Not Found"})
    request = PollingRequest.from_event(event)
    try:
        body = transport().answer(request)
    except PollingRefused as exc:
        logger.info("refused", extra={"status": exc.status.value, "reason": str(exc)})
        return _json(exc.status, exc.body())
    except (AwsError, KeysUnavailable):
        logger.exception("a request was not answered")
        count_unavailable(HANDSHAKES)
        return _json(HTTPStatus.SERVICE_UNAVAILABLE, UNAVAILABLE)
    return _answer(HTTPStatus.OK, "text/plain; charset=UTF-8", body)


def _json(status: HTTPStatus, body: dict[str, Any]) -> dict[str, Any]:
    return _answer(status, "application/json", json.dumps(body))


def _answer(status: HTTPStatus, content_type: str, body: str) -> dict[str, Any]:
    headers = {"content-type": content_type, "cache-control": "no-store"}
    return {"statusCode": status.value, "headers": headers, "body": body}
