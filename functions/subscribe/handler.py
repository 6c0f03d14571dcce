"""`$default`: the route of all frames that clients send."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.subscribe.wiring import dispatcher, last_resort, warm_up
from roomcast_backend.inbound.frames import frame_of
from roomcast_backend.runtime.startup import initialize
from roomcast_backend.runtime.unavailable import FRAMES, count_unavailable

logger = Logger()
initialize(warm_up)


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer one frame; the reply, which is never empty, is the route's response."""
    frame = frame_of(event)
    try:
        reply = dispatcher().answer(event["requestContext"]["connectionId"], frame)
    except Exception:  # API Gateway's own error object would end a Socket.IO client
        logger.exception("a frame was not answered")
        count_unavailable(FRAMES)
        reply = last_resort(frame)
    return {"statusCode": 200, "body": reply}
