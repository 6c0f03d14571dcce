"""Requests to one server over HTTP/1.1 and TLS, many at a time, from one thread.

Each `HttpConnection` carries one request at a time; `epoll` tells which of them can go on.

request ─▶ idle connection, else a new one ─▶ complete response ─▶ HttpResponse(status)
             ├─ an idle connection breaks ─▶ the request again, on a new connection
             ├─ a new connection breaks ─▶ HttpResponse(status 0)
             └─ no response within the timeout ─▶ HttpResponse(status 0)

The server may have received a request that is sent once more: it has to recognise requests that
must not take effect twice. https://www.rfc-editor.org/rfc/rfc9112#section-9.6
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
"""A connection that was idle for longer is not used again: NAT gateways drop it after 350 s.

https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
"""

CALLER_SECONDS = 0.1
"""Seconds that the caller may spend between two polls before deadlines are extended by them."""

Request = tuple[Any, bytes]
"""The caller's key and the whole HTTP request."""


class HttpResponse(NamedTuple):
    """The result of a request: `key` is the caller's, status 0 means that there was no response.

    `retry_after` is in seconds, 0.0 where the server named no wait.
    """

    key: Any
    status: int
    retry_after: float = 0.0
    body: bytes = b""


class Transport:
    """Sends requests to the server of `url`, and keeps its connections between calls.

    At most `window` requests are in flight, each for at most `timeout` seconds, connecting
    included. Not safe for several threads; one exchange at a time.
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
        self._connections: dict[int, HttpConnection] = {}
        self._growth = PoolGrowth()
        self._idle: list[HttpConnection] = []
        self._idle_since = 0.0
        self._busy: dict[HttpConnection, float] = {}  # and deadlines; the oldest request first
        self._dropped: list[HttpConnection] = []
        self._requests: Iterator[Request] = iter(())
        self._has_more = False
        self._unsent: deque[Request] = deque()
        self._responses: list[HttpResponse] = []
        self._now = 0.0

    def __repr__(self) -> str:
        return (
            f"<Transport {self.origin.scheme}://{self.origin.authority}: "
            f"{len(self._busy)} busy, {len(self._idle)} idle, {self._growth!r}>"
        )

    def one(self, request: bytes) -> HttpResponse:
        """Send one request and return its response."""
        (response,) = self.exchange([(None, request)])
        return response

    def exchange(self, requests: Iterable[Request]) -> Generator[HttpResponse, None, None]:
        """Send requests; yield one response for each, in any order.

        A request is taken from `requests` when it can be sent. A caller that stops iterating
        gives up the requests in flight.
        """
        if self._busy:
            raise RuntimeError("the transport is in use: one exchange at a time")
        self._begin(iter(requests))
        try:
            while self._has_more or self._unsent or self._busy:
                self._run_once()
                responses, self._responses = self._responses, []
                yield from responses
        finally:
            self._end()

    def close(self) -> None:
        """Close all connections."""
        for connection in list(self._connections.values()):
            self._drop(connection)
        self._close_dropped()
        self._epoll.close()

    def _begin(self, requests: Iterator[Request]) -> None:
        """Drop connections that the server closed or that got too old since the last exchange."""
        self._requests, self._has_more = requests, True
        self._limit = self._window
        self._now = time.monotonic()
        if time.time() - self._idle_since > IDLE_SECONDS:
            for connection in list(self._connections.values()):
                self._drop(connection)
        for fileno, events in self._epoll.poll(0):
            self._advance(self._connections[fileno], events)
        self._close_dropped()

    def _end(self) -> None:
        for connection in list(self._busy):
            self._drop(connection)
        self._close_dropped()
        self._unsent.clear()
        self._responses.clear()
        self._requests, self._has_more = iter(()), False
        self._idle_since = time.time()

    def _run_once(self) -> None:
        """Send on idle connections, then advance every connection that has events.

        A new connection is opened only when none has events and a response is late: `PoolGrowth`.
        """
        while self._idle and (request := self._next_request()):
            self._start(self._idle.pop(), *request)
        self._extend_deadlines(time.monotonic() - self._now)
        ready = self._poll()
        self._now = time.monotonic()
        if not ready and self._may_grow() and (request := self._next_request()):
            self._connect(*request)
        connections = self._connections
        for fileno, events in ready:
            if connection := connections.get(fileno):
                self._advance(connection, events)
        self._expire(ready)
        if self._dropped:
            self._close_dropped()

    def _poll(self) -> list[tuple[int, int]]:
        oldest = next(iter(self._busy.values()), 0.0)
        if self._may_grow():
            waited = time.monotonic() - (oldest - self._timeout)
            return self._epoll.poll(self._growth.wait_seconds(len(self._connections), waited))
        if not self._busy:
            return []
        ready = self._epoll.poll(max(0.0, oldest - time.monotonic()))
        # A process that was frozen meanwhile gets the timeout first: ask again for its events.
        return ready or self._epoll.poll(0)

    def _may_grow(self) -> bool:
        if not (self._has_more or self._unsent) or len(self._connections) >= self._limit:
            return False
        return self._growth.allows_another(len(self._connections))

    def _next_request(self) -> Request | None:
        if self._unsent:
            return self._unsent.popleft()
        if not self._has_more:
            return None
        request = next(self._requests, None)
        if request is None:
            self._has_more = False
        return request

    def _advance(self, connection: HttpConnection, events: int) -> None:
        try:
            complete = connection.advance(events)
        except BROKEN:
            self._handle_broken(connection)
            return
        if complete:
            self._complete(connection)
        elif connection.interest != connection.registered:
            self._register_interest(connection)

    def _complete(self, connection: HttpConnection) -> None:
        self._responses.append(
            HttpResponse(connection.key, connection.status, connection.retry_after, connection.body)
        )
        del self._busy[connection]
        connection.release()
        if not connection.keep_alive:
            self._drop(connection)
            return
        self._idle.append(connection)
        if request := self._next_request():
            self._start(self._idle.pop(), *request)

    def _start(self, connection: HttpConnection, key: Any, request: bytes) -> None:
        self._busy[connection] = self._now + self._timeout
        try:
            connection.send(key, request)
        except BROKEN:
            self._handle_broken(connection)
            return
        if connection.interest != connection.registered:
            self._register_interest(connection)

    def _connect(self, key: Any, request: bytes, addresses: Sequence[Address] = ()) -> None:
        try:
            addresses = addresses or self._addresses.rotated()
            connection = HttpConnection(self.origin.host, addresses, self._tls)
        except OSError:
            self._handle_refused(key, request)
            return
        self._connections[connection.fileno()] = connection
        self._growth.add(connection)
        self._epoll.register(connection.fileno(), connection.registered)
        self._start(connection, key, request)

    def _handle_broken(self, connection: HttpConnection) -> None:
        self._drop(connection)
        if connection.request is None:
            return
        if not connection.is_open and connection.other_addresses:
            self._connect(connection.key, connection.request, connection.other_addresses)
        elif not connection.is_open:
            self._handle_refused(connection.key, connection.request)
        elif connection.responses:
            self._connect(connection.key, connection.request)
        else:
            self._responses.append(HttpResponse(connection.key, 0))

    def _handle_refused(self, key: Any, request: bytes) -> None:
        """Keep a request, of which nothing was sent, for the open connections, if there are any."""
        self._addresses.forget()
        if any(connection.is_open for connection in self._connections.values()):
            self._limit = len(self._connections)
            self._unsent.append((key, request))
        else:
            self._responses.append(HttpResponse(key, 0))

    def _expire(self, ready: list[tuple[int, int]]) -> None:
        """Give up requests after their deadline, except those whose response is arriving now."""
        arriving: set[int] | None = None
        for connection, deadline in list(self._busy.items()) if self._has_overdue() else ():
            if deadline > self._now:
                return
            arriving = arriving or {fileno for fileno, _ in ready}
            if connection.fileno() in arriving:
                continue
            self._drop(connection)
            if connection.is_open:
                self._responses.append(HttpResponse(connection.key, 0))
            else:
                self._handle_refused(connection.key, connection.request or b"")

    def _extend_deadlines(self, away: float) -> None:
        """Extend deadlines by the time that the caller spent between two polls."""
        if away > CALLER_SECONDS:
            self._busy = {each: deadline + away for each, deadline in self._busy.items()}

    def _has_overdue(self) -> bool:
        return bool(self._busy) and next(iter(self._busy.values())) <= self._now

    def _register_interest(self, connection: HttpConnection) -> None:
        self._epoll.modify(connection.fileno(), connection.interest)
        connection.registered = connection.interest

    def _drop(self, connection: HttpConnection) -> None:
        """Take a connection out of the pool; its socket is closed when the events are handled."""
        self._connections.pop(connection.fileno(), None)
        self._epoll.unregister(connection.fileno())
        self._busy.pop(connection, None)
        self._growth.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._dropped.append(connection)

    def _close_dropped(self) -> None:
        for connection in self._dropped:
            connection.close()
        self._dropped.clear()
