"""Invoked by `connect`: joins the automatic rooms and greets, after the handshake."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.open.wiring import greeter, warm_up
from roomcast_backend.runtime.startup import initialize

logger = Logger()
initialize(warm_up)


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Open one connection, once. Lambda retries after an error, then uses the dead-letter queue."""
    opened = greeter().open(event["connection_id"])
    logger.info(
        "opened" if opened else "not opened", extra={"connection_id": event["connection_id"]}
    )
