"""What Lambda's pollers of queues and streams do after an error, where MiniStack does otherwise.

A batch of a queue     stays hidden for the visibility timeout, six minutes for pages: here seconds,
                       as MiniStack shortens the pauses between Lambda's own retries
A batch of a stream    is repeated unchanged: MiniStack adds what has come in the meantime

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
"""

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

from local.emulator.patch import wrap

SHORTENED: Final = 60
"""A minute takes a second."""

MOST_POSITIONS: Final = 100
"""Batches of one table that are known; a poller that is further behind reads a longer one."""

Records = list[dict[str, Any]]


def install(lambda_service: ModuleType, dynamodb: ModuleType) -> None:
    """Put the rules into MiniStack's modules for Lambda and DynamoDB."""
    wrap(lambda_service, "_run_sqs_batch", shortened)
    wrap(dynamodb, "stream_records_since", unchanged)


def shortened(original: Any) -> Any:
    """Wrap what runs a function with a batch of messages, and deletes those that are done."""

    def run_sqs_batch(esm: Any, function: Any, event: Any, batch: Records, *queue: Any) -> None:
        received = {message["receipt_handle"] for message in batch}
        try:
            original(esm, function, event, batch, *queue)
        finally:
            _show_sooner(batch, received, now=time.time())

    return run_sqs_batch


def _show_sooner(batch: Records, received: set[str], *, now: float) -> None:
    """Shorten what is left of the time in which messages are hidden; deleted ones do not matter."""
    for message in batch:
        if message["receipt_handle"] in received:  # nobody else has received it since
            left = max(0.0, message["visible_at"] - now)
            message["visible_at"] = now + left / SHORTENED


def unchanged(original: Callable[..., Records]) -> Callable[..., Records]:
    """Wrap what reads a batch of a table's stream: one position has one batch.

    A poller moves on when its batch is done; several may read a table's stream, each from its own
    position. Whoever names a `scope` is no poller.
    """
    lengths: dict[str, dict[int, int]] = {}

    def stream_records_since(table: str, position: int, most: int, **scope: Any) -> Records:
        found = original(table, position, most, **scope)
        if scope:
            return found
        known = lengths.setdefault(table, {})
        if position in known:
            return found[: known[position]]
        if found:
            known[position] = len(found)
            if len(known) > MOST_POSITIONS:
                del known[min(known)]
        return found

    return stream_records_since
