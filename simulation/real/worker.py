"""A container: a process that runs the real handler for one task after the other."""

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import Any

from simulation.real.quiet import go_first
from simulation.real.rows import Queue, Tables, Times


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker is told: where it runs, its environment, its room and how long calls take."""

    core: int
    environment: Mapping[str, str]
    room: str
    members: int
    shards: int
    times: Times


@dataclass(frozen=True, slots=True)
class Queued:
    """A worker has put a message into the queue, at a time of `time.monotonic`."""

    message: str
    at: float


@dataclass(frozen=True, slots=True)
class Done:
    """A worker's function has returned: answers, when they came first and last, processor time."""

    answers: int
    first: float
    last: float
    cpu: float


@dataclass(slots=True)
class _Answers:
    count: int = 0
    first: float = 0.0
    last: float = 0.0


def main(pipe: "Connection[Any, Any]", setup: Setup) -> None:
    """Do tasks from the pipe until there is `None`; a process of its own calls this."""
    os.sched_setaffinity(0, {setup.core})
    go_first()
    os.environ.update(setup.environment)
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
    lock = Lock()

    def tell(what: object) -> None:
        with lock:
            pipe.send(what)

    _replace_clients(setup, tell)
    from benchmarks.inside.events import of_the_queue  # noqa: PLC0415
    from benchmarks.inside.invocation import Context  # noqa: PLC0415
    from functions.broadcast.handler import handler  # noqa: PLC0415  # as the environment says

    answers = _count_answers()
    tell("ready")
    while (task := pipe.recv()) is not None:
        answers.count = 0
        used = time.process_time()
        event = task if isinstance(task, dict) else of_the_queue(task)
        handler(event, Context("roomcast-broadcast", seconds=60.0))
        used = time.process_time() - used
        tell(Done(answers.count, answers.first, answers.last, used))


def _replace_clients(setup: Setup, tell: Any) -> None:
    from roomcast_backend.aws import clients  # noqa: PLC0415

    tables = Tables(setup.room, setup.members, setup.shards, setup.times)
    queue = Queue(lambda message: tell(Queued(message, time.monotonic())), setup.times)
    clients.dynamodb = lambda: tables  # type: ignore[assignment]
    clients.sqs = lambda: queue  # type: ignore[assignment]


def _count_answers() -> _Answers:
    """Note when posts are answered, as the fan-out hears of it."""
    from roomcast_backend.gateway.connections_api import ConnectionsApi  # noqa: PLC0415
    from roomcast_backend.gateway.posts import Outcome, Post, Posted  # noqa: PLC0415

    answers = _Answers()
    post_all = ConnectionsApi.post_all

    def counting(self: ConnectionsApi, posts: Iterable[Post]) -> Iterator[Posted]:
        for posted in post_all(self, posts):
            answers.last = time.monotonic()
            if not answers.count:
                answers.first = answers.last
            if posted.outcome is not Outcome.SENT:
                raise RuntimeError(f"a post came to {posted.outcome}")
            answers.count += 1
            yield posted

    ConnectionsApi.post_all = counting  # type: ignore[method-assign]
    return answers
