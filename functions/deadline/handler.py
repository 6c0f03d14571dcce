"""The delayed queue of connections without a token: closes those that still have none."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.deadline.wiring import auth_timeout
from roomcast_backend.runtime.metrics import INVALID_MESSAGES, count
from roomcast_backend.runtime.set_deadline import InvalidDeadline, connection_of
from roomcast_backend.runtime.startup import initialize

logger = Logger()
processor = BatchProcessor(event_type=EventType.SQS)
initialize(auth_timeout)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Check each connection whose deadline has passed; a failed check goes back to the queue."""
    return process_partial_response(event, _check, processor, context=context)


def _check(record: SQSRecord) -> None:
    try:
        connection_id = connection_of(record.body)
    except InvalidDeadline as exc:
        # Trying it again would change nothing.
        ids = {"message_id": record.message_id, "reason": str(exc)}
        logger.error("not a connection to check", extra=ids)
        return count(INVALID_MESSAGES, 1)
    if auth_timeout().close_if_pending(connection_id):
        logger.info("closed", extra={"connection_id": connection_id})
    return None
