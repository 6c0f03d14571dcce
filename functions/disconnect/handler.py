"""`$disconnect`: deletes the connection. API Gateway does not guarantee that it invokes this."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.disconnect.wiring import frame_limit, memberships, release_upgrade
from roomcast_backend.inbound import reserved_routes
from roomcast_backend.model.access import Principal
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
    user: dict[str, str] = {}
    for connection in memberships().forget(context["connectionId"]):
        if connection.principal is not None:
            user = _user(connection.principal)
        if connection.upgrades and connection.state is State.PENDING:
            release_upgrade(connection)
    logger.info(
        "disconnected",
        extra={
            "connection_id": context["connectionId"],
            "code": context.get("disconnectStatusCode"),
            **user,
        },
    )
    return {"statusCode": 200}


def _user(principal: Principal) -> dict[str, str]:
    """Return whose connection it was, as the log names users."""
    tenant = {"tenant": principal.tenant} if principal.tenant else {}
    return {"user_id": principal.user_id, **tenant}
