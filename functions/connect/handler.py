"""`$connect`: answers the handshake, 200 or why not."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.connect.wiring import handshakes
from roomcast_backend.auth.verification_keys import KeysUnavailable, load_verifier
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.inbound import reserved_routes
from roomcast_backend.lifecycle.handshake import Handshake, NotAccepted
from roomcast_backend.runtime.startup import prepare

logger = Logger()
prepare(handshakes, load_verifier)


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Accept or refuse a connection; API Gateway hands the status to the client."""
    if reserved_routes.is_frame(event):
        return reserved_routes.answer(event)
    handshake = Handshake.of(event)
    try:
        handshakes().accept(handshake)
    except NotAccepted as exc:
        logger.info("refused", extra={"status": exc.status, "reason": str(exc)})
        return {"statusCode": exc.status, "body": str(exc)}
    except (AwsError, KeysUnavailable):
        logger.exception("not accepted", extra={"connection_id": handshake.connection_id})
        return {"statusCode": 503, "body": "the service cannot answer now: try again"}
    return {"statusCode": 200}
