"""The streams of the tables connections and rooms: counts their changes for the statistics.

Where a user has a new connection it then closes the oldest of those that are too many.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.count.wiring import counters, user_limit
from roomcast_backend.runtime.metrics import SURPLUS_CLOSED, count
from roomcast_backend.runtime.startup import initialize
from roomcast_backend.runtime.time_budget import work_until
from roomcast_backend.statistics.stream_counter import (
    batch_name,
    changes,
    time_of,
    users_rooms_joined,
)

logger = Logger()
initialize(counters, user_limit)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Count one batch of changes; a batch that Lambda repeats is counted once."""
    records = event["Records"]
    counters().add(changes(records), batch=batch_name(records), at=time_of(records))
    logger.info("counted", extra={"records": len(records)})
    _limit_users(users_rooms_joined(records), context)


def _limit_users(rooms: list[str], context: LambdaContext) -> None:
    """Close the connections that users have too many of; the counters do not wait for that."""
    try:
        closed = user_limit().close_surplus(rooms, until=work_until(context))
    except Exception:
        logger.exception("the connections of users were not looked at")
        return
    if closed:
        logger.info("closed the oldest connections of users", extra={"connections": closed})
        count(SURPLUS_CLOSED, closed)
