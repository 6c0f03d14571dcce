"""The whole broadcast function against the bare sender, in turns, in one process.

Parameters: `rounds`, `members`, `fakes_answer`: whether members and events come from memory, or
from the stub over TLS as the JSON that DynamoDB sends.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from statistics import median
from urllib.parse import urlsplit

from benchmarks.inside import fakes
from benchmarks.inside.events import envelope, of_the_bus
from benchmarks.inside.invocation import Context
from benchmarks.traffic import REGION, connection_ids, payload
from functions.broadcast.handler import handler
from roomcast_backend.aws.http.transport import Transport
from roomcast_backend.aws.signing import Signer


def main(*, rounds: int, members: int, fakes_answer: bool) -> None:
    """Print posts per second and CPU microseconds per post of both, medians."""
    ids = connection_ids(members)
    if fakes_answer:
        fakes.members_at_once(ids)
        fakes.events_at_once()
    posting = {"handler": _invoke, "sender": _sender(ids)}
    walls: dict[str, list[float]] = {name: [] for name in posting}
    cpus: dict[str, list[float]] = {name: [] for name in posting}
    for turn in range(-1, rounds):  # the first round opens the connections
        for name, post in posting.items():
            wall, cpu = time.perf_counter(), time.process_time()
            post()
            if turn >= 0:
                walls[name].append(time.perf_counter() - wall)
                cpus[name].append(time.process_time() - cpu)
    result = {
        name: {
            "posts_per_s": members / median(walls[name]),
            "cpu_us_per_post": median(cpus[name]) / members * 1e6,
        }
        for name in posting
    }
    sys.stdout.write("\n" + json.dumps(result) + "\n")


def _invoke() -> None:
    handler(of_the_bus(envelope()), Context("roomcast-broadcast"))


def _sender(ids: list[str]) -> Callable[[], None]:
    url = os.environ["ROOMCAST_CALLBACK_URL"]
    transport = Transport(url)
    signer = Signer("execute-api", REGION)
    prefix = urlsplit(url).path + "/%40connections/"

    def post() -> None:
        write = signer.posts(transport.origin.authority, prefix, payload())
        for _, status, _, _ in transport.exchange((None, write(id_)) for id_ in ids):
            if status != 200:  # noqa: PLR2004
                raise SystemExit(f"a post was answered {status}")

    return post


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
