"""Delivers the parts of large fan-outs that wait in the queue. Imported for batches only: 35 ms."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities import batch
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.broadcast.wiring import fan_out
from roomcast.envelope import Envelope
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.fanout.work import Work
from roomcast_backend.runtime.time_budget import work_until


def deliver(
    event: dict[str, Any], context: LambdaContext, *, log: Callable[[Envelope, Tally], None]
) -> Any:
    """Deliver a batch of SQS; return the messages that failed."""

    def deliver_one(record: Any) -> None:
        work = Work.from_message(record.body)
        log(work.envelope, fan_out().deliver(work, until=work_until(context)))

    processor = batch.BatchProcessor(event_type=batch.EventType.SQS)
    return batch.process_partial_response(event, deliver_one, processor, context=context)
