"""`subscribe`, `unsubscribe` and `$default`: the routes of all frames that clients send."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.subscribe.wiring import dispatcher, warm_up
from roomcast_backend.runtime.startup import initialize

logger = Logger()
initialize(warm_up)


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer one frame; the reply is the route's response. Without a reply there is no body."""
    connection_id = event["requestContext"]["connectionId"]
    reply = dispatcher().answer(connection_id, event["body"])
    return {"statusCode": 200, "body": reply} if reply else {"statusCode": 200}
