"""From the bus, or the queue of pages, to the members of the rooms."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from roomcast.envelope import Envelope, InvalidEnvelope
from roomcast_backend import service
from roomcast_backend.fanout import Tally
from roomcast_backend.observability import measure
from roomcast_backend.pages import Work

logger = Logger()
metrics = Metrics()
pages = BatchProcessor(event_type=EventType.SQS)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Deliver one event of the bus, or go on with pages of large rooms."""
    until = service.deadline(context)
    if "Records" in event:

        def page(record: SQSRecord) -> None:
            work = Work.from_message(record.body)
            _note(work.envelope, service.fan_out().deliver(work, until=until))

        return process_partial_response(event, page, pages, context=context)
    try:
        envelope = Envelope.from_detail(event["detail"])
    except InvalidEnvelope as exc:
        logger.error("not an envelope", extra={"bus_event_id": event["id"], "reason": str(exc)})
        metrics.add_metric(name="invalid_events", unit="Count", value=1)
        return None
    _note(envelope, service.fan_out().broadcast(envelope, until=until))
    return None


def _note(envelope: Envelope, tally: Tally) -> None:
    numbers = measure(metrics, tally)
    logger.info("delivered", extra={"event_id": envelope.id, "type": envelope.type, **numbers})
