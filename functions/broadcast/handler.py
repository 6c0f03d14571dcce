"""Delivers events of the bus, and queued parts of large fan-outs, to the members of the rooms."""

import time
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.broadcast.wiring import fan_out
from roomcast.envelope import Envelope, InvalidEnvelope
from roomcast_backend.fanout.metrics import add_delivery_time, add_metrics
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.runtime.startup import initialize
from roomcast_backend.runtime.time_budget import work_until

logger = Logger()
metrics = Metrics()
initialize(fan_out)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Deliver one event of the bus, or the queued parts in a batch of SQS."""
    if "Records" in event:
        from functions.broadcast import queued  # noqa: PLC0415  # 35 ms, for batches only

        return queued.deliver(event, context, log=_log)
    try:
        envelope = Envelope.from_detail(event["detail"])
    except InvalidEnvelope as exc:
        logger.error("not an envelope", extra={"bus_event_id": event["id"], "reason": str(exc)})
        metrics.add_metric(name="invalid_events", unit="Count", value=1)
        return None
    _log(envelope, fan_out().broadcast(envelope, until=work_until(context)))
    return None


def _log(envelope: Envelope, tally: Tally) -> None:
    counts = add_metrics(metrics, tally)
    add_delivery_time(metrics, envelope, now=time.time())
    logger.info("delivered", extra={"event_id": envelope.id, "type": envelope.type, **counts})
