"""All-or-nothing writes, repeated when they conflict with another write of the same row."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from roomcast.backoff import Backoff
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError

BACKOFF = Backoff(base=0.02, cap=0.4, attempts=8)

PASSING = frozenset(
    {
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
    }
)
"""Reasons of a cancellation that may pass.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""


def write(
    client: DynamoDb,
    actions: Sequence[Any],
    *,
    token: str | None = None,
    rounds: int = 1,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Make all `actions` (at most 100) or none; return False when a condition does not hold.

    DynamoDB counts transactions with the same `token` once within 10 minutes. A conflict with
    another write is repeated with full jitter, `BACKOFF.attempts` times in all and that in some
    `rounds`; then, and for any other error, this raises `AwsError`.
    """
    request: dict[str, Any] = {"TransactItems": actions}
    if token:
        request["ClientRequestToken"] = token
    attempts = rounds * BACKOFF.attempts
    for attempt in range(attempts):
        try:
            client.transact_write_items(**request)
        except AwsError as exc:
            reasons = _reasons(exc)
            if "ConditionalCheckFailed" in reasons:
                return False
            if not reasons & PASSING or attempt == attempts - 1:
                raise
            sleep(BACKOFF.pause(attempt % BACKOFF.attempts))
        else:
            return True
    raise AssertionError("the last attempt returns or raises")


def _reasons(error: AwsError) -> set[str]:
    """Return why a transaction was cancelled, or the code of another error that may pass."""
    if error.code in ("TransactionInProgressException", "TransactionConflictException"):
        return {"TransactionConflict"}
    reasons: list[dict[str, str]] = error.response.get("CancellationReasons", [])
    return {reason.get("Code", "None") for reason in reasons}
