"""What single steps cost, in time of the processor: a handshake, reading a member."""

import json
import os
import sys
import time
from collections.abc import Callable

from benchmarks.aws_answers import PAGE, ROOM
from benchmarks.peers.presigned import request_of
from benchmarks.traffic import connection_ids
from roomcast_backend.aws.http.transport import Transport
from roomcast_backend.settings import settings
from roomcast_backend.stores.rooms import RoomStore

HANDSHAKES = 200
READS = 100


def main() -> None:
    """Print milliseconds of a handshake, the first post with it, and microseconds of a member."""
    url = os.environ["ROOMCAST_CALLBACK_URL"]
    request = request_of(url, connection_ids(1)[0])
    rooms = RoomStore(settings())

    def connect() -> None:
        transport = Transport(url, window=1)
        if transport.one(request).status != 200:  # noqa: PLR2004
            raise SystemExit("the post with a handshake was not answered")
        transport.close()

    def read() -> None:
        if len(rooms.page(ROOM, 0, size=PAGE).members) != PAGE:
            raise SystemExit("the page was not read")

    result = {
        "handshake_cpu_ms": _cpu(connect, HANDSHAKES) * 1e3,
        "member_read_cpu_us": _cpu(read, READS) / PAGE * 1e6,
    }
    sys.stdout.write(json.dumps(result) + "\n")


def _cpu(step: Callable[[], None], count: int) -> float:
    """Return the seconds of the processor that a step takes, after it was made once."""
    step()
    started = time.process_time()
    for _ in range(count):
        step()
    return (time.process_time() - started) / count


if __name__ == "__main__":
    main()
