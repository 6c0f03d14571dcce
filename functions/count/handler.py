"""The streams of the tables connections and rooms: counts their changes for the statistics."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.count.wiring import counters
from roomcast_backend.runtime.startup import initialize
from roomcast_backend.statistics.stream_counter import batch_name, changes, time_of

logger = Logger()
initialize(counters)


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Count one batch of changes; a batch that Lambda repeats is counted once."""
    records = event["Records"]
    counters().add(changes(records), batch=batch_name(records), at=time_of(records))
    logger.info("counted", extra={"records": len(records)})
