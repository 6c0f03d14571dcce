"""Tells the members of rooms who comes and goes: the rooms' stream, and checks of who has left."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities import batch
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.presence.wiring import arrivals, departures
from roomcast_backend.runtime.metrics import INVALID_MESSAGES
from roomcast_backend.runtime.presence import InvalidCheck, check_of, with_presence
from roomcast_backend.runtime.startup import initialize

QUEUE = "aws:sqs"

logger = Logger()
metrics = Metrics()
processor = batch.BatchProcessor(event_type=batch.EventType.SQS)
initialize(arrivals, departures)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Follow one batch of the stream, or check the messages of a batch of SQS.

    A batch of the stream that fails is repeated as a whole, of messages only those that failed.
    """
    records = event["Records"]
    if records[0].get("eventSource") == QUEUE:
        return batch.process_partial_response(event, _check, processor, context=context)
    followed = arrivals().follow(with_presence(records))
    metrics.add_metric(name="presence_joined", unit="Count", value=followed.joined)
    logger.info(
        "followed",
        extra={
            "records": len(records),
            "joined": followed.joined,
            "events": followed.events,
            "checked": followed.checked,
        },
    )
    return None


def _check(record: Any) -> None:
    try:
        check = check_of(record.body)
    except InvalidCheck as exc:
        ids = {"message_id": record.message_id, "reason": str(exc)}
        logger.error("not a check", extra=ids)
        metrics.add_metric(name=INVALID_MESSAGES, unit="Count", value=1)
        return
    left = departures().check(check.room, check.user_ids, check.batch)
    metrics.add_metric(name="presence_left", unit="Count", value=left)
    logger.info("checked", extra={"users": len(check.user_ids), "left": left})
