"""What Lambda hands to a function beside the event."""

import time
from uuid import uuid4

from aws_lambda_powertools.utilities.typing import LambdaContext


class Context(LambdaContext):
    """The context of one invocation, with the time that the stack gives a broadcast."""

    def __init__(self, function_name: str, *, seconds: float = 300.0) -> None:
        self._function_name = function_name
        self._invoked_function_arn = (
            f"arn:aws:lambda:us-east-1:123456789012:function:{function_name}"
        )
        self._memory_limit_in_mb = 512
        self._aws_request_id = str(uuid4())
        self._ends = time.monotonic() + seconds

    # A method, as Lambda's own; Powertools declares it static.
    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]
        """Return the milliseconds until Lambda ends the invocation."""
        return int((self._ends - time.monotonic()) * 1000)
