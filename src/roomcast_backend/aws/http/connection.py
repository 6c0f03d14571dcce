"""One connection to a server, for one request at a time. No method blocks.

connecting ─▶ handshake ─▶ open: idle ⇄ busy        (without TLS there is no handshake)

Every failure is one of the exceptions in `BROKEN`; the connection cannot be used after it.
"""

import os
import re
import select
import socket
import ssl
from collections.abc import Sequence
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from roomcast_backend.aws.http.origin import Address

READ = select.EPOLLIN
WRITE = select.EPOLLOUT

RECORD = 16384
"""Bytes of the largest TLS record: reading as many leaves none in the buffer of the TLS layer."""

LARGEST_RESPONSE = 24 * 1024 * 1024
"""Bytes; DynamoDB's largest response is 16 MB. A larger one breaks the connection."""

RETRY_AFTER_STATUSES = frozenset({429, 503})
"""Statuses of responses whose Retry-After header is read.

https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
"""

BROKEN = (OSError, HttpParserError, HttpParserUpgrade)

_RETRY_AFTER = re.compile(rb"\r\nretry-after:[ \t]*(\d{1,6})[ \t]*\r\n", re.IGNORECASE)


class HttpConnection:
    """A connection to one address of a server.

    `request` is the one in flight, `responses` counts those that were released. `interest` are the
    events to wait for, `registered` those that `epoll` waits for now. `other_addresses` are left to
    try when this one refuses. A response is complete when `advance` returns True: then `status`,
    `retry_after` (seconds) and `body` belong to it, and `keep_alive` tells whether the connection
    takes another request.
    """

    __slots__ = (
        "_body",
        "_in_message",
        "_parser",
        "_received",
        "_size",
        "_socket",
        "_unsent",
        "completed",
        "interest",
        "is_open",
        "keep_alive",
        "key",
        "other_addresses",
        "registered",
        "request",
        "responses",
        "status",
    )

    def __init__(self, host: str, addresses: Sequence[Address], tls: ssl.SSLContext | None) -> None:
        """Begin to connect to the first address; raise `OSError` when that fails at once."""
        (family, where), *self.other_addresses = addresses
        self._socket: socket.socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:  # wrapping fails after the peer has closed: do it before connecting
            self._socket = tls.wrap_socket(
                self._socket, server_hostname=host, do_handshake_on_connect=False
            )
        self._socket.connect_ex(where)  # the first event reports an error
        self._parser: Any = HttpResponseParser(self)
        self._received: list[bytes] = []
        self._body: list[bytes] = []
        self._size = 0
        self._unsent: bytes = b""
        self._in_message = False
        self.is_open = False
        self.interest = self.registered = WRITE
        self.completed = 0
        self.keep_alive = True
        self.status = 0
        self.key: Any = None
        self.request: bytes | None = None
        self.responses = 0

    def __repr__(self) -> str:
        state = "connecting" if not self.is_open else "idle" if self.request is None else "busy"
        return f"<HttpConnection: {state}, {self.responses} responses>"

    def fileno(self) -> int:
        """Return the socket's file descriptor, by which `epoll` knows the connection."""
        return self._socket.fileno()

    def send(self, key: Any, request: bytes) -> None:
        """Send a request now, or as soon as the connection is open."""
        self.key = key
        self.request = request
        if self.responses:
            self._received.clear()
            self._body.clear()
            self._size = 0
            self.completed = 0
        if self.is_open:
            self._write(request)

    def advance(self, events: int) -> bool:
        """Handle events of `epoll`, as far as possible; return whether a response is complete."""
        if not self.is_open:
            self._establish()
            return False
        if events & ~WRITE and self._receive():
            return True
        if self._unsent:
            self._write(self._unsent)
        return False

    def release(self) -> None:
        """Make the connection idle, after its response has been read."""
        self.key = self.request = None
        self.responses += 1

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    @property
    def retry_after(self) -> float:
        """The seconds that Retry-After asks to wait, 0.0 without the header or for a date."""
        if self.status not in RETRY_AFTER_STATUSES:
            return 0.0
        head = b"".join(self._received).partition(b"\r\n\r\n")[0] + b"\r\n"
        named = _RETRY_AFTER.search(head)
        return float(named[1]) if named else 0.0

    @property
    def body(self) -> bytes:
        """The response's body."""
        return b"".join(self._body)

    def on_message_begin(self) -> None:
        """Note that a response begins; the parser calls this."""
        self._in_message = True

    def on_body(self, data: bytes) -> None:
        """Keep a part of the response's body; the parser calls this."""
        if not self.completed:
            self._body.append(data)

    def on_message_complete(self) -> None:
        """Note that a response is complete, unless it is an interim one; the parser calls this."""
        self._in_message = False
        status = self._parser.get_status_code()
        if status < 200:  # noqa: PLR2004
            return
        if not self.completed:
            self.status = status
            self.keep_alive = self._parser.should_keep_alive()
        self.completed += 1

    def _establish(self) -> None:
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        if isinstance(self._socket, ssl.SSLSocket) and not self._handshake(self._socket):
            return
        self.is_open = True
        self.interest = READ
        if self.request is not None:
            self._write(self.request)

    def _handshake(self, wrapped: ssl.SSLSocket) -> bool:
        try:
            wrapped.do_handshake()
        except ssl.SSLWantReadError:
            self.interest = READ
            return False
        except ssl.SSLWantWriteError:
            self.interest = WRITE
            return False
        return True

    def _write(self, data: bytes) -> None:
        try:
            sent = self._socket.send(data)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError):
            sent = 0
        if sent < len(data):
            self._unsent = data[sent:]
            self.interest = READ | WRITE
        elif self._unsent:
            self._unsent = b""
            self.interest = READ

    def _receive(self) -> bool:
        try:
            data = self._socket.recv(RECORD)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return False
        if not data:
            raise ConnectionResetError("closed by the server")
        if self.request is None:
            raise ConnectionResetError("a response without a request")
        self._received.append(data)
        self._parse(data)
        if not self.completed:
            self._size += len(data)
            if self._size > LARGEST_RESPONSE:
                raise ConnectionResetError("a response that is too large")
            return False
        if self.completed > 1 or self._in_message or self._unsent:
            self.keep_alive = False  # what follows would be read as the next request's response
        return True

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            if not self.completed:
                raise
            self.keep_alive = False
