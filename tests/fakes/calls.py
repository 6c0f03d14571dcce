"""A meter of calls: how many are made, and how many of them one after the other.

Wrap clients and gateways with it, run an action, then ask:

    calls = Calls()
    rooms = RoomStore(settings, client=calls.wrap(dynamodb))
    gateway = calls.wrap_gateway(FakeGateway("c1"))
    ...
    calls.counted      # Counter({"query": 1, "post": 1}): what is billed
    calls.depth        # calls in sequence until all is done
    calls.depth_before("post")  # calls in sequence before the first post: what a client waits for

Two calls are side by side when each began before the other one ended:

    begin  |-----|                   begin and log are side by side, query follows:
    log     |------|                 the post comes after 2 calls in sequence
    query            |---|
    post                   |--|

A fake answers at once, so that calls of two threads would hardly ever overlap. Each call therefore
ends only when no other one has begun for `SETTLED` seconds: whatever need not wait for its result
has begun by then.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition
from typing import Any

from roomcast_backend.gateway.posts import Outcome, Post, Posted

SETTLED = 0.1
"""Seconds without a new call after which the calls that are under way may end."""


@dataclass(slots=True)
class Call:
    """One call; `began` and `ended` are numbers in the order of all beginnings and ends.

    `request` holds its keyword arguments, `answer` its result, for counting bytes and units.
    """

    name: str
    request: dict[str, Any] = field(default_factory=dict)
    answer: Any = None
    began: int = 0
    ended: int = 0


class Calls:
    """Records the calls of everything that it wraps, from any thread."""

    def __init__(self, *, settled: float = SETTLED) -> None:
        self.all: list[Call] = []
        self._settled = settled
        self._moments = 0
        self._last_began = 0.0
        self._changed = Condition()

    @property
    def counted(self) -> Counter[str]:
        """The number of calls by name."""
        return Counter(call.name for call in self.all)

    @property
    def depth(self) -> int:
        """The number of calls in the longest sequence of them."""
        return _longest(self.all)

    def depth_before(self, name: str, where: Callable[[Call], bool] = lambda _: True) -> int:
        """Return how many calls in sequence ended before the first such call of this name began."""
        began = min(call.began for call in self.all if call.name == name and where(call))
        return _longest([call for call in self.all if call.ended < began])

    def wrap(self, client: Any) -> Any:
        """Return the client with all of its public methods recorded under their own names."""
        return _Recorded(self, client)

    def wrap_gateway(self, gateway: Any) -> Any:
        """Return the gateway with its posts recorded one by one as `post`, whatever sends them."""
        return _RecordedGateway(self, gateway)

    def clear(self) -> None:
        """Forget all calls."""
        self.all.clear()

    @contextmanager
    def record(self, name: str, request: dict[str, Any] | None = None) -> Iterator[Call]:
        """Record what is done inside as one call."""
        call = self.begin(name, request)
        try:
            yield call
        finally:
            self.settle()
            self.end(call)

    def begin(self, name: str, request: dict[str, Any] | None = None) -> Call:
        """Record that a call begins."""
        with self._changed:
            call = Call(name, request or {}, began=self._next())
            self._last_began = time.monotonic()
            self.all.append(call)
            self._changed.notify_all()
        return call

    def end(self, call: Call) -> None:
        """Record that a call ends."""
        with self._changed:
            call.ended = self._next()

    def settle(self) -> None:
        """Wait until no call has begun for a while."""
        with self._changed:
            while (left := self._last_began + self._settled - time.monotonic()) > 0:
                self._changed.wait(left)

    def _next(self) -> int:
        self._moments += 1
        return self._moments


def _longest(calls: Iterable[Call]) -> int:
    """Return the length of the longest chain in which each call begins after the end of another."""
    chain = ended = 0
    for call in sorted(calls, key=lambda call: call.ended):
        if call.began > ended:
            chain, ended = chain + 1, call.ended
    return chain


class _Recorded:
    def __init__(self, calls: Calls, client: Any) -> None:
        self._calls = calls
        self._client = client

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name.startswith("_") or not callable(method):
            return method

        def recorded(*args: Any, **request: Any) -> Any:
            with self._calls.record(name, request) as call:
                call.answer = method(*args, **request)
            return call.answer

        return recorded

    def query_pages(self, **request: Any) -> Iterator[Any]:
        """Record each page as a `query`."""
        query: Callable[..., Any] = self.query
        while True:
            page = query(**request)
            yield page
            if not page.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


class _RecordedGateway(_Recorded):
    """The posts of `post_all` are all under way at the same time, as those of the transport are."""

    def post(self, connection_id: str, frame: bytes) -> Outcome:
        request = {"connection_id": connection_id, "frame": frame}
        with self._calls.record("post", request) as call:
            outcome: Outcome = self._client.post(connection_id, frame)
            call.answer = outcome
        return outcome

    def post_in_order(self, connection_id: str, frames: Iterable[bytes]) -> Iterator[Outcome]:
        for frame in frames:
            yield self.post(connection_id, frame)

    def post_all(self, posts: Iterable[Post]) -> Iterator[Posted]:
        under_way: list[Call] = []

        def begun() -> Iterator[Post]:
            for post in posts:
                request = {"connection_id": post.member.connection_id, "frame": post.frame}
                under_way.append(self._calls.begin("post", request))
                yield post

        try:
            yield from self._client.post_all(begun())
        finally:
            if under_way:
                self._calls.settle()
            for call in under_way:
                self._calls.end(call)

    def close_all(self, connection_ids: Iterable[str]) -> None:
        ids = list(connection_ids)
        under_way = [self._calls.begin("close", {"connection_id": each}) for each in ids]
        self._client.close_all(ids)
        for call in under_way:
            self._calls.end(call)
