"""`subscribe`, `unsubscribe` and `$default`: the door for everything that a client says."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.subscribe.wiring import door
from roomcast_backend.auth.verification_keys import load_verifier
from roomcast_backend.runtime.startup import prepare

logger = Logger()
prepare(door, load_verifier)


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer one frame; the reply goes back as the route's response, silence as none."""
    connection_id = event["requestContext"]["connectionId"]
    reply = door().answer(connection_id, event["body"])
    return {"statusCode": 200, "body": reply} if reply else {"statusCode": 200}
