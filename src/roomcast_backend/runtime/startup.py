"""The work of a container before its first invocation, in Lambda's Init phase.

With provisioned concurrency no client waits for the Init phase, while an invocation has only the
share of a processor that its memory buys (512 MB: 0.29). So whatever every invocation needs is
imported and built in the Init phase; whatever is rarely needed is imported when it is needed.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

import os
from collections.abc import Callable

from roomcast_backend.aws.http import tls

IN_LAMBDA = "AWS_LAMBDA_INITIALIZATION_TYPE"
"""An environment variable that Lambda sets in every container.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""


def initialize(*factories: Callable[[], object]) -> None:
    """Call the cached factories of a handler, and load the trusted CA certificates (30 ms).

    This happens in Lambda only: elsewhere a handler can be imported without its environment.
    """
    if IN_LAMBDA in os.environ:
        tls.verifying()
        for factory in factories:
            factory()
