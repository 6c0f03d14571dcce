"""`$disconnect`: deletes the connection. API Gateway does not guarantee that it invokes this."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.disconnect.wiring import frame_limit, memberships, release_upgrade
from roomcast_backend.inbound import reserved_routes
from roomcast_backend.model.connection import State
from roomcast_backend.runtime.startup import initialize

logger = Logger()
initialize(memberships)


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Delete the connection and its memberships.

    If this fails, the next post to the connection (410) or the row's TTL deletes it.
    """
    if reserved_routes.is_frame(event):
        return reserved_routes.answer(event, frame_limit)
    context = event["requestContext"]
    for connection in memberships().forget(context["connectionId"]):
        if connection.upgrades and connection.state is State.PENDING:
            release_upgrade(connection)
    logger.info(
        "disconnected",
        extra={
            "connection_id": context["connectionId"],
            "code": context.get("disconnectStatusCode"),
        },
    )
    return {"statusCode": 200}
