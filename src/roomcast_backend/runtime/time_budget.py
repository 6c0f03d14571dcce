"""The time that an invocation may work."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

RESERVE = 7.0
"""Seconds that are kept at the end of an invocation.

A post in flight takes up to 3 s, and as long again when it is repeated; the rest is for queueing
the members that were not reached.
"""


def work_until(context: "LambdaContext") -> float:
    """Return the time at which this invocation must stop its work, in epoch seconds."""
    return time.time() + context.get_remaining_time_in_millis() / 1000 - RESERVE
