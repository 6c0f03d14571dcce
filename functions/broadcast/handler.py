"""From the bus, or the queue of pages, to the members of the rooms."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.broadcast.wiring import fan_out
from roomcast.envelope import Envelope, InvalidEnvelope
from roomcast_backend.fanout.metrics import measure
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.fanout.work import Work
from roomcast_backend.runtime.startup import prepare
from roomcast_backend.runtime.time_budget import end_of

logger = Logger()
metrics = Metrics()
prepare(fan_out)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Deliver one event of the bus, or go on with pages of large rooms."""
    until = end_of(context)
    if "Records" in event:
        return _pages(event, context, until)
    try:
        envelope = Envelope.from_detail(event["detail"])
    except InvalidEnvelope as exc:
        logger.error("not an envelope", extra={"bus_event_id": event["id"], "reason": str(exc)})
        metrics.add_metric(name="invalid_events", unit="Count", value=1)
        return None
    _note(envelope, fan_out().broadcast(envelope, until=until))
    return None


def _pages(event: dict[str, Any], context: LambdaContext, until: float) -> Any:
    # Here, for it takes 35 ms to import: an event of the bus does not wait for it.
    from aws_lambda_powertools.utilities import batch  # noqa: PLC0415

    def page(record: Any) -> None:
        work = Work.from_message(record.body)
        _note(work.envelope, fan_out().deliver(work, until=until))

    processor = batch.BatchProcessor(event_type=batch.EventType.SQS)
    return batch.process_partial_response(event, page, processor, context=context)


def _note(envelope: Envelope, tally: Tally) -> None:
    numbers = measure(metrics, tally)
    logger.info("delivered", extra={"event_id": envelope.id, "type": envelope.type, **numbers})
