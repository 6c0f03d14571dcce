"""Invoked by `connect`: joins the automatic rooms and greets, once the handshake is done."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.open.wiring import greeter
from roomcast.envelope import new_id
from roomcast_backend.runtime.startup import prepare

logger = Logger()
prepare(greeter, new_id)


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Open one connection; an error is retried by Lambda, then kept in the dead-letter queue."""
    opened = greeter().open(event["connection_id"])
    logger.info("opened" if opened else "gone", extra={"connection_id": event["connection_id"]})
