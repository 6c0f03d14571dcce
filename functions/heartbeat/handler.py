"""Every minute: posts the heartbeats that are due and closes connections with an expired token."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.heartbeat.wiring import heartbeat
from roomcast_backend.fanout.metrics import add_metrics
from roomcast_backend.runtime.startup import initialize
from roomcast_backend.runtime.time_budget import work_until

logger = Logger()
metrics = Metrics()
initialize(heartbeat)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(_event: dict[str, Any], context: LambdaContext) -> None:
    """Post the heartbeats that are due in this minute."""
    tally = heartbeat().beat(until=work_until(context))
    logger.info("swept", extra=add_metrics(metrics, tally))
