"""On a schedule: a heartbeat to every connection, an end to those whose token has expired."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from roomcast_backend import service
from roomcast_backend.observability import measure

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(_event: dict[str, Any], context: LambdaContext) -> None:
    """Sweep over the roster, as far as the time allows."""
    tally = service.heartbeat().beat(until=service.deadline(context))
    logger.info("swept", extra=measure(metrics, tally))
