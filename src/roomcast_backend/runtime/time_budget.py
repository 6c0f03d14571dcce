"""How long an invocation may work."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

RESERVE = 7.0
"""Seconds kept at an invocation's end: for the posts still in flight, 3 s for each and as much for
one that is sent again, and to hand on what is left."""


def end_of(context: "LambdaContext") -> float:
    """Return until when this invocation may work, epoch seconds."""
    return time.time() + context.get_remaining_time_in_millis() / 1000 - RESERVE
