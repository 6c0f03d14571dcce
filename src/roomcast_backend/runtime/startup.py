"""What a container does before its first invocation.

With provisioned concurrency nobody waits for a start, and an invocation has the share of a
processor that its memory buys (512 MB: 0.29). So whatever every invocation needs is imported and
built at the start, and what is rare when it is needed first.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

import os
from collections.abc import Callable

from roomcast_backend.aws.http import tls

IN_LAMBDA = "AWS_LAMBDA_INITIALIZATION_TYPE"
"""A variable that Lambda gives to every container.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""


def prepare(*parts: Callable[[], object]) -> None:
    """Build `parts` and read the authorities that servers are trusted by (30 ms).

    Only in Lambda: elsewhere importing a handler needs no environment.
    """
    if IN_LAMBDA in os.environ:
        tls.verifying()
        for part in parts:
            part()
