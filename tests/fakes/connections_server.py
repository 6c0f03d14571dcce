"""API Gateway's @connections over real sockets, with every fault that a network can have.

    with ConnectionsServer() as server:
        server.script("abc=", status(429, "Retry-After: 7"))   # the next request for abc=
        server.default = BLACK_HOLE                            # all that nothing was scripted for

It reads with blocking sockets, one thread for each connection, so that a test says what goes over
the wire byte by byte. What is no request of a well-behaved client ends up in `violations`.
"""

import socket
import ssl
import struct
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from typing import Self
from urllib.parse import unquote

import trustme

STAGE = "prod"
PATH = f"/{STAGE}/@connections/"
HEADERS = "x-amzn-RequestId: 5d1b29a6\r\nx-amz-apigw-id: AbC=\r\nContent-Type: application/json"


class Then(Enum):
    """What becomes of the TCP connection after a reply."""

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"
    HANG = "hang"


@dataclass(frozen=True)
class Reply:
    """The bytes sent for one request, each part after a pause (seconds), and what comes then.

    `delivers` says whether the frame reached its client before anything is answered.
    """

    parts: tuple[bytes, ...] = ()
    then: Then = Then.KEEP
    pause: float = 0.0
    delivers: bool = False

    def after(self, seconds: float) -> "Reply":
        """Return the same reply, later."""
        return replace(self, pause=seconds)

    def cut(self, size: int, then: Then = Then.CLOSE) -> "Reply":
        """Return the first bytes of the reply, after which the connection ends."""
        return replace(self, parts=(b"".join(self.parts)[:size],), then=then)

    def in_pieces(self, size: int) -> "Reply":
        """Return the same reply in TCP segments of so many bytes."""
        whole = b"".join(self.parts)
        parts = tuple(whole[at : at + size] for at in range(0, len(whole), size))
        return replace(self, parts=parts)


def status(code: int, *headers: str, body: bytes = b"", then: Then = Then.KEEP) -> Reply:
    """Return a complete answer."""
    lines = [f"HTTP/1.1 {code} Because", HEADERS, f"Content-Length: {len(body)}", *headers]
    head = "\r\n".join(lines) + "\r\n\r\n"
    return Reply((head.encode() + body,), then, delivers=code < 300)


def raw(text: bytes, then: Then = Then.KEEP, *, delivers: bool = False) -> Reply:
    """Return an answer that may be none."""
    return Reply((text,), then, delivers=delivers)


OK = status(200)
LAST = status(200, "Connection: close", then=Then.CLOSE)
DELETED = Reply((f"HTTP/1.1 204 No Content\r\n{HEADERS}\r\n\r\n".encode(),))
BLACK_HOLE = Reply(then=Then.HANG)
HANGS_UP = Reply(then=Then.CLOSE)
EXPIRED = status(403, "x-amzn-ErrorType: ExpiredTokenException", body=b'{"message":"expired"}')
UNSIGNED = status(403, "x-amzn-ErrorType: MissingAuthenticationTokenException")


@dataclass(frozen=True)
class Request:
    """What was asked: `connection_id` is decoded."""

    method: str
    connection_id: str
    headers: dict[str, str]
    body: bytes

    @property
    def access_key(self) -> str:
        """Who signed it; empty when nobody did."""
        signed = self.headers.get("authorization", "").partition("AWS4-HMAC-SHA256 Credential=")[2]
        return signed.partition("/")[0]


class ConnectionsServer:
    """Serves until its block ends; it counts what it delivered for each connection id."""

    def __init__(self, *, tls: bool = True, host: str = "localhost") -> None:
        self.default = OK
        self.closes_after = 0  # requests on one TCP connection, 0: never
        self.announces_close = True
        self.echoes = False  # answer with the connection id as body
        self.greets: Reply | None = None  # said before anything is asked
        self.answers_heads: Reply | None = None  # said before a request's body is read
        self.bytes_per_second = 0  # read from a client, 0: as fast as they come
        self.expired_keys: set[str] = set()
        self.delivered: defaultdict[str, Counter[bytes]] = defaultdict(Counter)
        self.asked: list[Request] = []
        self.accepted = 0
        self.refused_handshakes = 0
        self.busy = 0
        self.busiest = 0
        self.violations: list[str] = []
        self.closing = threading.Event()
        self._scripts: defaultdict[str, deque[Reply]] = defaultdict(deque)
        self._tls = _server_context(host) if tls else None
        self._host = host
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listening.getsockname()[1])

    @property
    def url(self) -> str:
        """The callback URL."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}/{STAGE}"

    @property
    def open(self) -> int:
        """TCP connections that are open."""
        return len(self._open)

    def script(self, connection_id: str, *replies: Reply) -> None:
        """Answer the next requests for a connection so."""
        self._scripts[connection_id].extend(replies)

    def read_little_at_once(self) -> None:
        """Let the operating system take no more than a few KB of what was not read yet."""
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def close_idle(self, then: Then = Then.CLOSE) -> int:
        """Close every connection, once they have all been answered; return how many."""
        self.wait_for("busy", 0)
        with self._lock:
            for connection in self._open:
                _end(connection, then)
            return len(self._open)

    def wait_for(self, what: str, count: int, *, seconds: float = 5.0) -> None:
        """Wait until a counter (`busy`, `open`, ...) has a value; raise when it does not."""
        until = time.monotonic() + seconds
        while getattr(self, what) != count:
            if time.monotonic() > until:
                raise AssertionError(f"{what}: expected {count}, got {getattr(self, what)}")
            time.sleep(0.002)

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            for connection in self._open:
                _end(connection, Then.CLOSE)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.accepted += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        if self._tls:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:
                self.refused_handshakes += 1
                connection.close()
                return
        with self._lock:
            self._open.add(connection)
        try:
            if self.greets:
                _say(connection, self.greets)
            if not self.greets or self.greets.then is Then.KEEP:
                self._converse(connection)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.remove(connection)
            connection.close()

    def _converse(self, connection: socket.socket) -> None:
        """Answer one request after the other until one side has had enough."""
        reader = _Reader(connection, self)
        answered = 0
        while (request := reader.request()) is not None:
            answered += 1
            with self._answering():
                reply = self._reply(request)
                if answered == self.closes_after:
                    reply = self._last(reply)
                if reply.delivers and request.method == "POST":
                    self.delivered[request.connection_id][request.body] += 1
                _say(connection, reply)
            if reply.then is Then.HANG:
                reader.wait_for_end()
            if reply.then is not Then.KEEP:
                return

    def _reply(self, request: Request) -> Reply:
        with self._lock:
            self.asked.append(request)
            scripted = self._scripts[request.connection_id]
            if not request.access_key:
                return UNSIGNED
            if request.access_key in self.expired_keys:
                return EXPIRED
            if scripted:
                return scripted.popleft()
        if self.default is not OK:
            return self.default
        if request.method == "DELETE":
            return DELETED
        return status(200, body=request.connection_id.encode()) if self.echoes else OK

    def _last(self, reply: Reply) -> Reply:
        if reply.then is Then.KEEP and self.announces_close:
            first = reply.parts[0].replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            reply = replace(reply, parts=(first, *reply.parts[1:]))
        return replace(reply, then=Then.CLOSE)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        with self._lock:
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
        try:
            yield
        finally:
            with self._lock:
                self.busy -= 1


class _Reader:
    """Reads requests off one connection, as slowly as the server is told to."""

    def __init__(self, connection: socket.socket, server: ConnectionsServer) -> None:
        self._connection = connection
        self._server = server
        self._buffer = b""

    def request(self) -> Request | None:
        """Return the next request; None at the connection's end."""
        if self._buffer:
            self._server.violations.append(f"sent before the answer was there: {self._buffer!r}")
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        line, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
        early = self._server.answers_heads
        if early:
            _say(self._connection, early)
        body = self._body(int(headers.get("content-length", "0")))
        if body is None:
            return None
        return self.request() if early else self._checked(line, headers, body)

    def _body(self, length: int) -> bytes | None:
        while len(self._buffer) < length:
            if not self._more():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body

    def _checked(self, line: str, headers: dict[str, str], body: bytes) -> Request:
        method, path, version = line.split(" ")
        prefix, _, connection_id = path.rpartition("/")
        if version != "HTTP/1.1" or prefix + "/" != PATH:
            self._server.violations.append(f"no request: {line!r}")
        return Request(method, unquote(connection_id), headers, body)

    def wait_for_end(self) -> None:
        """Read on until the client has closed the connection."""
        while self._connection.recv(65536):
            pass

    def _more(self) -> bool:
        rate = self._server.bytes_per_second
        if rate:
            self._server.closing.wait(2048 / rate)
        data = self._connection.recv(2048 if rate else 65536)
        self._buffer += data
        return bool(data)


def _say(connection: socket.socket, reply: Reply) -> None:
    for part in reply.parts or (b"",):
        time.sleep(reply.pause)
        if part:
            connection.sendall(part)
    if reply.then in (Then.CLOSE, Then.RESET):
        _end(connection, reply.then)


def _end(connection: socket.socket, then: Then) -> None:
    """End a connection that its thread may be reading from; a reset is sent when that closes it."""
    with suppress(OSError):
        if then is Then.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.socket.shutdown(connection, socket.SHUT_RD)
        else:
            socket.socket.shutdown(connection, socket.SHUT_RDWR)


@contextmanager
def deaf_port() -> Iterator[int]:
    """Give a port on which connections are neither accepted nor refused."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for caller in waiting:
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", port))
        try:
            yield port
        finally:
            for caller in waiting:
                caller.close()


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@cache
def authority() -> trustme.CA:
    """Return who signed the server's certificates."""
    return trustme.CA()


@cache
def trusting() -> ssl.SSLContext:
    """Return a client's context that trusts `authority` and nobody else."""
    context = ssl.create_default_context(cadata=authority().cert_pem.bytes().decode())
    context.set_alpn_protocols(["http/1.1"])
    return context


@cache
def _server_context(host: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(host).configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    return context
