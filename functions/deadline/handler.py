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

from roomcast_backend import service
from roomcast_backend.connections import State
from roomcast_backend.protocol.messages import Code

logger = Logger()
processor = BatchProcessor(event_type=EventType.SQS)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Look at each connection whose deadline has passed; what fails goes back to the queue."""
    return process_partial_response(event, end_unless_authenticated, processor, context=context)


def end_unless_authenticated(record: SQSRecord) -> None:
    """Close a connection that is still pending."""
    connection = service.connections().get(json.loads(record.body)["connection_id"])
    if connection is None or connection.state is not State.PENDING:
        return
    message = "no token came in time: connect with one or send authenticate"
    service.farewell().say(connection.id, connection.protocol, Code.AUTH_MISSING, message)
    service.memberships().forget(connection.id)
    logger.info("closed", extra={"connection_id": connection.id})
