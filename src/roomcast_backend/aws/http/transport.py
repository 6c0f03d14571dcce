"""Requests to one server over HTTP/1.1 and TLS, many at a time, from one thread.

Each `HttpConnection` carries one request at a time; `epoll` tells which of them can go on.

request ─▶ idle connection, else a new one ─▶ complete answer ─▶ Answer(status)
             ├─ an idle connection broke ─▶ the request again, on a new connection
             ├─ a new connection broke ─▶ Answer(status 0)
             └─ no answer within the timeout ─▶ Answer(status 0)

A request that is sent once more may have been received the first time: what must not happen twice
has to be recognisable by its receiver. https://www.rfc-editor.org/rfc/rfc9112#section-9.6
"""

import select
import ssl
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from roomcast_backend.aws.http.connection import BROKEN, HttpConnection
from roomcast_backend.aws.http.origin import Address, Addresses, Origin
from roomcast_backend.aws.http.pool_growth import PoolGrowth
from roomcast_backend.aws.http.tls import verifying

IDLE_SECONDS = 240
"""An unused connection older than this is not used again: NAT gateways forget one after 350 s.

https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
"""

NOTICEABLE = 0.1
"""Seconds of the caller's own between two looks; more of them are not counted as the server's."""

Request = tuple[Any, bytes]
"""A key of the caller's own and the whole HTTP request."""


class Answer(NamedTuple):
    """What came of a request: `key` is the caller's, status 0 means that nothing was answered.

    `retry_after` in seconds, 0.0 where the server named no wait.
    """

    key: Any
    status: int
    retry_after: float = 0.0
    body: bytes = b""


class Transport:
    """Sends requests to the server of `url`; its connections live on between calls.

    At most `window` requests are in flight, each for at most `timeout` seconds, connecting
    included. Not for several threads, and for one exchange at a time.
    """

    def __init__(
        self,
        url: str,
        *,
        window: int = 256,
        timeout: float = 3.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.origin = Origin.of(url)
        self._addresses = Addresses(self.origin)
        self._window = self._limit = window
        self._timeout = timeout
        self._tls = (tls or verifying()) if self.origin.scheme == "https" else None
        self._epoll = select.epoll()
        self._lanes: dict[int, HttpConnection] = {}
        self._opening = PoolGrowth()
        self._idle: list[HttpConnection] = []
        self._idle_since = 0.0
        self._busy: dict[HttpConnection, float] = {}  # and until when; the oldest request first
        self._dropped: list[HttpConnection] = []
        self._source: Iterator[Request] = iter(())
        self._more = False
        self._unsent: deque[Request] = deque()
        self._answers: list[Answer] = []
        self._now = 0.0

    def one(self, request: bytes) -> Answer:
        """Send one request and wait for what comes of it."""
        (answer,) = self.exchange([(None, request)])
        return answer

    def exchange(self, requests: Iterable[Request]) -> Generator[Answer, None, None]:
        """Send requests, yield one answer for each, in any order.

        A request is taken when it can be sent. Whoever stops iterating gives up what is in flight.
        """
        if self._busy:
            raise RuntimeError("the transport is in use: one exchange at a time")
        self._begin(iter(requests))
        try:
            while self._more or self._unsent or self._busy:
                self._turn()
                answers, self._answers = self._answers, []
                yield from answers
        finally:
            self._end()

    def close(self) -> None:
        """Close all connections."""
        for lane in list(self._lanes.values()):
            self._drop(lane)
        self._bury()
        self._epoll.close()

    def _begin(self, source: Iterator[Request]) -> None:
        """Drop connections that were closed or got old while nobody looked."""
        self._source, self._more = source, True
        self._limit = self._window
        self._now = time.monotonic()
        if time.time() - self._idle_since > IDLE_SECONDS:
            for lane in list(self._lanes.values()):
                self._drop(lane)
        for number, events in self._epoll.poll(0):
            self._step(self._lanes[number], events)
        self._bury()

    def _end(self) -> None:
        for lane in list(self._busy):
            self._drop(lane)
        self._bury()
        self._unsent.clear()
        self._answers.clear()
        self._source, self._more = iter(()), False
        self._idle_since = time.time()

    def _turn(self) -> None:
        """Give idle lanes work, then let every lane go on that can.

        A lane is opened only when no other one can go on and an answer is late: see `opening`.
        """
        while self._idle and (request := self._take()):
            self._start(self._idle.pop(), *request)
        self._excuse(time.monotonic() - self._now)
        ready = self._poll()
        self._now = time.monotonic()
        if not ready and self._may_open() and (request := self._take()):
            self._open(*request)
        lanes = self._lanes
        for number, events in ready:
            if lane := lanes.get(number):
                self._step(lane, events)
        self._expire(ready)
        if self._dropped:
            self._bury()

    def _poll(self) -> list[tuple[int, int]]:
        oldest = next(iter(self._busy.values()), 0.0)
        if self._may_open():
            waited = time.monotonic() - (oldest - self._timeout)
            return self._epoll.poll(self._opening.patience(len(self._lanes), waited))
        if not self._busy:
            return []
        ready = self._epoll.poll(max(0.0, oldest - time.monotonic()))
        # A process that was stopped meanwhile is told that the time is over, not what has come.
        return ready or self._epoll.poll(0)

    def _may_open(self) -> bool:
        if not (self._more or self._unsent) or len(self._lanes) >= self._limit:
            return False
        return self._opening.has_room(len(self._lanes))

    def _take(self) -> Request | None:
        if self._unsent:
            return self._unsent.popleft()
        if not self._more:
            return None
        request = next(self._source, None)
        if request is None:
            self._more = False
        return request

    def _step(self, lane: HttpConnection, events: int) -> None:
        try:
            complete = lane.advance(events)
        except BROKEN:
            self._broken(lane)
            return
        if complete:
            self._answered(lane)
        elif lane.wants != lane.watched:
            self._watch(lane)

    def _answered(self, lane: HttpConnection) -> None:
        self._answers.append(Answer(lane.key, lane.status, lane.retry_after, lane.body))
        del self._busy[lane]
        lane.release()
        if not lane.keeps:
            self._drop(lane)
            return
        self._idle.append(lane)
        if request := self._take():
            self._start(self._idle.pop(), *request)

    def _start(self, lane: HttpConnection, key: Any, request: bytes) -> None:
        self._busy[lane] = self._now + self._timeout
        try:
            lane.carry(key, request)
        except BROKEN:
            self._broken(lane)
            return
        if lane.wants != lane.watched:
            self._watch(lane)

    def _open(self, key: Any, request: bytes, addresses: Sequence[Address] = ()) -> None:
        try:
            addresses = addresses or self._addresses.turn()
            lane = HttpConnection(self.origin.host, addresses, self._tls)
        except OSError:
            self._not_opened(key, request)
            return
        self._lanes[lane.fileno()] = lane
        self._opening.add(lane)
        self._epoll.register(lane.fileno(), lane.watched)
        self._start(lane, key, request)

    def _broken(self, lane: HttpConnection) -> None:
        self._drop(lane)
        if lane.request is None:
            return
        if not lane.is_open and lane.others:
            self._open(lane.key, lane.request, lane.others)
        elif not lane.is_open:
            self._not_opened(lane.key, lane.request)
        elif lane.served:
            self._open(lane.key, lane.request)
        else:
            self._answers.append(Answer(lane.key, 0))

    def _not_opened(self, key: Any, request: bytes) -> None:
        """Leave a request, of which nothing was sent, to the lanes that there are, if any."""
        self._addresses.forget()
        if any(lane.is_open for lane in self._lanes.values()):
            self._limit = len(self._lanes)
            self._unsent.append((key, request))
        else:
            self._answers.append(Answer(key, 0))

    def _expire(self, ready: list[tuple[int, int]]) -> None:
        """Give up requests whose time is over, but for those that are being answered right now."""
        alive: set[int] | None = None
        for lane, until in list(self._busy.items()) if self._is_late() else ():
            if until > self._now:
                return
            alive = alive or {number for number, _ in ready}
            if lane.fileno() in alive:
                continue
            self._drop(lane)
            if lane.is_open:
                self._answers.append(Answer(lane.key, 0))
            else:
                self._not_opened(lane.key, lane.request or b"")

    def _excuse(self, away: float) -> None:
        """Give requests the time back in which nobody looked for their answers."""
        if away > NOTICEABLE:
            self._busy = {lane: until + away for lane, until in self._busy.items()}

    def _is_late(self) -> bool:
        return bool(self._busy) and next(iter(self._busy.values())) <= self._now

    def _watch(self, lane: HttpConnection) -> None:
        self._epoll.modify(lane.fileno(), lane.wants)
        lane.watched = lane.wants

    def _drop(self, lane: HttpConnection) -> None:
        """Take a lane out of use; its number stays taken until this turn is over."""
        self._lanes.pop(lane.fileno(), None)
        self._epoll.unregister(lane.fileno())
        self._busy.pop(lane, None)
        self._opening.discard(lane)
        if lane in self._idle:
            self._idle.remove(lane)
        self._dropped.append(lane)

    def _bury(self) -> None:
        for lane in self._dropped:
            lane.close()
        self._dropped.clear()
