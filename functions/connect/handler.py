"""`$connect`: answers the handshake with 200, or with the status that says why it is refused."""

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.connect.wiring import acceptor, frame_limit, warm_up
from roomcast_backend.auth.verification_keys import KeysUnavailable
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.inbound import reserved_routes
from roomcast_backend.lifecycle.handshake import Handshake, HandshakeRefused
from roomcast_backend.model import engineio_errors
from roomcast_backend.runtime.startup import initialize
from roomcast_backend.runtime.unavailable import HANDSHAKES, count_unavailable

logger = Logger()
UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE.value
initialize(warm_up)


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Accept or refuse a connection; the client gets the status as the answer to its handshake."""
    if reserved_routes.is_frame(event):
        return reserved_routes.answer(event, frame_limit)
    handshake = Handshake.from_event(event)
    try:
        acceptor().accept(handshake)
    except HandshakeRefused as exc:
        logger.info("refused", extra={"status": exc.status, "reason": str(exc)})
        if exc.status == UNAVAILABLE:
            count_unavailable(HANDSHAKES)
        return {"statusCode": exc.status, **_reason(handshake, exc)}
    except (AwsError, KeysUnavailable):
        logger.exception("not accepted", extra={"connection_id": handshake.connection_id})
        count_unavailable(HANDSHAKES)
        return {"statusCode": UNAVAILABLE, "body": "the service cannot answer now: try again"}
    return {"statusCode": 200, **_chosen_subprotocol(handshake)}


def _reason(handshake: Handshake, refused: HandshakeRefused) -> dict[str, Any]:
    """Return why, for a developer: to Socket.IO's clients in the words of Engine.IO's server."""
    if handshake.is_json:
        return {"body": str(refused)}
    body = json.dumps(engineio_errors.body(refused.error, str(refused)))
    return {"headers": {"Content-Type": "application/json"}, "body": body}


def _chosen_subprotocol(handshake: Handshake) -> dict[str, Any]:
    """Return the answer's header, with which API Gateway completes the handshake.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html
    """
    chosen = handshake.subprotocol
    return {"headers": {"Sec-WebSocket-Protocol": chosen}} if chosen else {}
