"""What single steps cost on this machine right now, measured one by one.

Parameters: `url` and `stub_pid` of the stub at 10 ms, and what to measure: `pages` of posts, to be
measured in several processes at a time as workers are, or the `rest`, with the part of the machine
that `others` used. None of it is a fan-out: what the simulation is made of is not what it is
compared with.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.inside.events import envelope, of_the_bus, of_the_queue
from benchmarks.inside.invocation import Context
from benchmarks.peers.presigned import request_of
from benchmarks.traffic import connection_ids, payload
from simulation.real.quiet import Usage, go_first
from simulation.real.rows import Tables, Times

FEW, MANY = 250, 3000
"""Posts of a small page, each over a connection of its own, and of one that uses them again."""

PAGES = 6
ALONE = 60
OPENINGS = 8
FIRST_POSTS = 300
"""Of a process without connections; it opens about a hundred for them."""

READS = 100
INVOCATIONS = 60

PAGE = 500
ROOM = "project:calibration"
SINGLE = "project:single"
EMPTY = "project:empty"
PAUSE = 0.05
AT_ONCE = Times(0.0, 0.0, 0.0)


class Used(NamedTuple):
    """Seconds: of the clock, of our processor, of the stub's."""

    wall: float
    ours: float
    stubs: float


def main(*, url: str, stub_pid: int, what: str) -> None:
    """Print seconds per page's post, or per handshake, member read and invocation."""
    go_first()
    from roomcast_backend.aws import clients  # noqa: PLC0415

    tables = Tables(SINGLE, 1, 1, AT_ONCE)
    clients.dynamodb = lambda: tables  # type: ignore[assignment]
    if what == "pages":
        found = _pages(stub_pid)
    else:
        before = Usage.now(stub_pid)
        found = {**_invocations(), **_opening(url, stub_pid), "member_cpu": _member()}
        found["first_cpu"] -= found["handshake_cpu"]
        found["others"] = Usage.now(stub_pid).others_since(before)
    sys.stdout.write("\n" + json.dumps(found) + "\n")


def _invocations() -> dict[str, float]:
    """Measure broadcasts to a room without members, and what the process does for the first time.

    The first broadcast posts, and the first page of the queue comes after it.
    """
    from functions.broadcast.handler import handler  # noqa: PLC0415
    from roomcast_backend.fanout.work import Work  # noqa: PLC0415

    def invoke(room: str) -> None:
        handler(of_the_bus(envelope(room)), Context("roomcast-broadcast"))

    def page() -> None:
        work = Work(envelope(EMPTY), time.time(), room=0, shard=0)
        handler(of_the_queue(work.to_message()), Context("roomcast-broadcast"))

    first = _once(lambda: invoke(SINGLE))
    again = _measure(lambda: invoke(SINGLE), INVOCATIONS).ours
    first_page = _once(page)
    return {
        "invocation_cpu": _measure(lambda: invoke(EMPTY), INVOCATIONS).ours,
        "first_cpu": first - again,
        "first_page_cpu": first_page - _measure(page, INVOCATIONS).ours,
    }


def _pages(stub_pid: int) -> dict[str, float]:
    """Measure pages of posts over connections that are open."""
    post = _poster()
    post(MANY)  # opens the connections
    few = _measure(lambda: post(FEW), PAGES, stub_pid).ours
    many = _measure(lambda: post(MANY), PAGES, stub_pid).ours
    each = (many - few) / (MANY - FEW)
    return {"post_cpu": each, "idle_connection_cpu": few / FEW - each}


def _opening(url: str, stub_pid: int) -> dict[str, float]:
    """Measure connections as a fan-out opens them, posts over them, and one post alone."""
    from roomcast_backend.aws.http.transport import Transport  # noqa: PLC0415

    post = _poster()
    post(MANY)
    many = _measure(lambda: post(MANY), PAGES, stub_pid)
    alone = _measure(lambda: post(1), ALONE, stub_pid)
    request = request_of(url, connection_ids(1)[0])
    opened = 0

    def connect() -> None:
        nonlocal opened
        transport = Transport(url)
        for answer in transport.exchange((None, request) for _ in range(FIRST_POSTS)):
            if answer.status != 200:  # noqa: PLR2004
                raise SystemExit("a post was not answered")
        opened += len(transport._connections)
        transport.close()

    used = _measure(connect, OPENINGS, stub_pid)
    each = opened / (1 + OPENINGS)
    return {
        "posting": alone.wall - PAUSE - alone.ours - alone.stubs,
        "stub_post_cpu": many.stubs / MANY,
        "handshake_cpu": (used.ours - FIRST_POSTS * many.ours / MANY) / each,
        "stub_handshake_cpu": (used.stubs - FIRST_POSTS * many.stubs / MANY) / each,
    }


def _poster() -> Callable[[int], None]:
    """Return what makes so many posts through the gateway, and then rests."""
    from roomcast_backend.gateway.connections_api import ConnectionsApi  # noqa: PLC0415
    from roomcast_backend.gateway.posts import Post  # noqa: PLC0415
    from roomcast_backend.model.connection import JSON, Member  # noqa: PLC0415
    from roomcast_backend.settings import settings  # noqa: PLC0415

    gateway = ConnectionsApi(settings())
    members = [Member(id_, JSON, 2**31, 0) for id_ in connection_ids(MANY)]
    frame = payload()

    def post(count: int) -> None:
        for _ in gateway.post_all(Post(member, frame) for member in members[:count]):
            pass
        time.sleep(PAUSE)

    return post


def _member() -> float:
    """Measure reading and sorting, without the time of the network."""
    from roomcast_backend.fanout.retry_policy import sort_members  # noqa: PLC0415
    from roomcast_backend.settings import settings  # noqa: PLC0415
    from roomcast_backend.stores.rooms import RoomStore  # noqa: PLC0415

    rooms = RoomStore(settings(), client=Tables(ROOM, PAGE, 1, AT_ONCE))  # type: ignore[arg-type]

    def read() -> None:
        found = rooms.page(ROOM, 0, size=PAGE).members
        sort_members(found, "t", skip=frozenset(), now=time.time())

    return _measure(read, READS).ours / PAGE


def _once(step: Callable[[], object]) -> float:
    """Return the seconds of the processor that a step takes this one time."""
    used = time.process_time()
    step()
    return time.process_time() - used


def _measure(step: Callable[[], object], count: int, stub_pid: int = 0) -> Used:
    """Return what a step takes, after it was made once."""
    step()
    begun = _now(stub_pid)
    for _ in range(count):
        step()
    ended = _now(stub_pid)
    return Used(*((end - begin) / count for begin, end in zip(begun, ended, strict=True)))


def _now(stub_pid: int) -> Used:
    stubs = 0.0
    if stub_pid:
        stubs = int(Path(f"/proc/{stub_pid}/schedstat").read_text().split()[0]) / 1e9
    return Used(time.monotonic(), time.process_time(), stubs)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
