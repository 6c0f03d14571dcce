"""The delayed queue of connections without a token: whoever still has none is closed."""

import json
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

from functions.deadline.wiring import deadline
from roomcast_backend.runtime.startup import prepare

logger = Logger()
processor = BatchProcessor(event_type=EventType.SQS)
prepare(deadline)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Look at each connection whose deadline has passed; what fails goes back to the queue."""
    return process_partial_response(event, _look_at, processor, context=context)


def _look_at(record: SQSRecord) -> None:
    connection_id = json.loads(record.body)["connection_id"]
    if deadline().passes(connection_id):
        logger.info("closed", extra={"connection_id": connection_id})
