"""Ends the access of a user now: the bus calls this with each order, see `roomcast.access`."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.access.wiring import evictor
from roomcast.access import Order
from roomcast.errors import InvalidEvent
from roomcast_backend.lifecycle.eviction import Ended
from roomcast_backend.runtime.metrics import count
from roomcast_backend.runtime.startup import initialize
from roomcast_backend.runtime.time_budget import work_until

logger = Logger()
initialize(evictor)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Carry out one order and write its line of the audit, also when it fails half way."""
    try:
        order = Order.read(event.get("detail"))
        ordered_at = int(datetime.fromisoformat(event["time"]).timestamp())
    except (InvalidEvent, KeyError, TypeError, ValueError) as exc:
        # Trying it again would change nothing.
        logger.error("not an order", extra={"bus_event_id": event.get("id"), "problem": str(exc)})
        return count("invalid_events", 1)
    ended = Ended()
    try:
        evictor().carry_out(order, ended, ordered_at=ordered_at, until=work_until(context))
    finally:
        facts = {"order_id": order.id, "type": order.type, "asked_by": order.source}
        what = {"user_id": order.user_id, "room": order.room, "reason": order.reason}
        if order.tenant:
            what["tenant"] = order.tenant
        if order.issued_before:
            what["issued_before"] = str(order.issued_before)
        logger.info("access", extra={**facts, **what, "ordered_at": ordered_at, **asdict(ended)})
    return None
