"""The load that every sender takes its posts from, and which measures it meanwhile.

      warm-up           measured
├─────────────────┼─────────────────────┤   then no more is given out
"""

import json
import resource
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmarks.machine import peak_rss_mb
from benchmarks.traffic import connection_ids


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a sender is told; times in seconds, `ids` is how many connections there are."""

    url: str
    warmup: float
    seconds: float
    in_flight: int
    ids: int = 1000

    @classmethod
    def given(cls) -> "Parameters":
        """Return the parameters of this program."""
        return cls(**json.loads(sys.argv[1]))


class _Moment(NamedTuple):
    posts: int
    wall: float
    cpu: float


class Load:
    """Gives out connection ids, in turn, until the time is over; from any thread."""

    def __init__(self, parameters: Parameters) -> None:
        self.ids = connection_ids(parameters.ids)
        self._turns = self._take(parameters.warmup, parameters.seconds)
        self._lock = threading.Lock()
        self._moments: list[_Moment] = []

    def __iter__(self) -> Iterator[str]:
        """Return the ids, for one thread."""
        return self._turns

    def shared(self) -> Iterator[str]:
        """Return the ids, for many threads: each has an iterator of its own."""
        while True:
            with self._lock:
                connection_id = next(self._turns, None)
            if connection_id is None:
                return
            yield connection_id

    def report(self, *, failed: int) -> None:
        """Print what was measured; a sender that failed has measured nothing."""
        if failed:
            raise SystemExit(f"{failed} posts failed")
        begin, end = self._moments
        posts, wall, cpu = end.posts - begin.posts, end.wall - begin.wall, end.cpu - begin.cpu
        result: dict[str, Any] = {
            "posts_per_s": posts / wall,
            "cpu_us_per_post": cpu / posts * 1e6,
            "cpu_share": cpu / wall,
            "peak_rss_mb": peak_rss_mb(),
        }
        sys.stdout.write(json.dumps(result) + "\n")

    def _take(self, warmup: float, seconds: float) -> Iterator[str]:
        """Yield ids; note where the measured time begins and ends."""
        posts = 0
        until = time.monotonic() + warmup
        while True:
            for connection_id in self.ids:
                if time.monotonic() >= until:
                    self._moments.append(_moment(posts))
                    if len(self._moments) > 1:
                        return
                    until = time.monotonic() + seconds
                posts += 1
                yield connection_id


def _moment(posts: int) -> _Moment:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return _Moment(posts, time.monotonic(), used.ru_utime + used.ru_stime)
