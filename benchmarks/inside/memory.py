"""The broadcast function with a room of `members`, page after page, posting for real.

One process does what many invocations would: what one of them leaves behind would add up here.
"""

import json
import sys
import time

from benchmarks.inside import fakes
from benchmarks.inside.events import envelope, of_the_bus, of_the_queue
from benchmarks.inside.invocation import Context
from benchmarks.machine import peak_rss_mb
from functions.broadcast.handler import handler
from roomcast_backend.settings import settings


def main(*, members: int) -> None:
    """Print the peak of the process's memory."""
    fakes.crowd(members, shards=settings().global_shards)
    fakes.events_at_once()
    queue = fakes.queue_in_memory()
    started = time.perf_counter()
    invocations, longest_queue = 1, 0
    handler(of_the_bus(envelope("global")), Context("roomcast-broadcast"))
    while queue:
        longest_queue = max(longest_queue, len(queue))
        failed = handler(of_the_queue(queue.popleft()), Context("roomcast-broadcast"))
        if failed["batchItemFailures"]:
            raise SystemExit("a page was not delivered")
        invocations += 1
    result = {
        "members": members,
        "invocations": invocations,
        "longest_queue": longest_queue,
        "seconds": time.perf_counter() - started,
        "peak_rss_mb": peak_rss_mb(),
    }
    sys.stdout.write("\n" + json.dumps(result) + "\n")


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
