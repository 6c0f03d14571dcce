"""On a schedule: a heartbeat to every connection, an end to those whose token has expired."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.heartbeat.wiring import heartbeat
from roomcast_backend.fanout.metrics import measure
from roomcast_backend.runtime.startup import prepare
from roomcast_backend.runtime.time_budget import end_of

logger = Logger()
metrics = Metrics()
prepare(heartbeat)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(_event: dict[str, Any], context: LambdaContext) -> None:
    """Sweep over the roster, as far as the time allows."""
    tally = heartbeat().beat(until=end_of(context))
    logger.info("swept", extra=measure(metrics, tally))
