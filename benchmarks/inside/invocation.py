"""What Lambda hands to a function beside the event."""

import time
from dataclasses import dataclass, field
from uuid import uuid4


@dataclass(slots=True)
class Context:
    """The context of one invocation, with the time that the stack gives a broadcast."""

    function_name: str
    seconds: float = 300.0
    memory_limit_in_mb: int = 512
    aws_request_id: str = field(default_factory=lambda: str(uuid4()))
    _started: float = field(default_factory=time.monotonic)

    @property
    def invoked_function_arn(self) -> str:
        """The function's name, as logs have it."""
        return f"arn:aws:lambda:us-east-1:123456789012:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""
        return int((self.seconds - (time.monotonic() - self._started)) * 1000)
