"""One connection to a server, carrying one request at a time. It never blocks.

connecting ─▶ handshake ─▶ open: idle ⇄ busy        (without TLS there is no handshake)

Whatever goes wrong is an exception among `BROKEN`; the lane is then of no more use.
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
"""Bytes of the largest TLS record: reading as many leaves none behind in the TLS layer."""

LARGEST_ANSWER = 24 * 1024 * 1024
"""Bytes; DynamoDB's largest answer is 16 MB. More is taken for garbage."""

NAMES_A_WAIT = frozenset({429, 503})
"""Statuses whose Retry-After is read.

https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
"""

BROKEN = (OSError, HttpParserError, HttpParserUpgrade)

_RETRY_AFTER = re.compile(rb"\r\nretry-after:[ \t]*(\d{1,6})[ \t]*\r\n", re.IGNORECASE)


class HttpConnection:
    """A connection; `request` is what it carries now, `served` how many answers it brought.

    `wants` are the events it waits for, `watched` those that it is registered for, `others` the
    addresses that are left should this one refuse. An answer is complete when `advance` says so:
    then `status`, `retry_after` (seconds) and `body` are its, and `keeps` tells whether the
    connection takes another request.
    """

    __slots__ = (
        "_body",
        "_parser",
        "_received",
        "_rest",
        "_size",
        "_socket",
        "_unfinished",
        "complete",
        "is_open",
        "keeps",
        "key",
        "others",
        "request",
        "served",
        "status",
        "wants",
        "watched",
    )

    def __init__(self, host: str, addresses: Sequence[Address], tls: ssl.SSLContext | None) -> None:
        """Begin to connect to the first address; raise `OSError` when that fails at once."""
        (family, where), *self.others = addresses
        self._socket: socket.socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:  # before it is connected: wrapping fails when the peer is gone again
            self._socket = tls.wrap_socket(
                self._socket, server_hostname=host, do_handshake_on_connect=False
            )
        self._socket.connect_ex(where)  # an error is told with the first event
        self._parser: Any = HttpResponseParser(self)
        self._received: list[bytes] = []
        self._body: list[bytes] = []
        self._size = 0
        self._rest: bytes = b""
        self._unfinished = False
        self.is_open = False
        self.wants = self.watched = WRITE
        self.complete = 0
        self.keeps = True
        self.status = 0
        self.key: Any = None
        self.request: bytes | None = None
        self.served = 0

    def fileno(self) -> int:
        """Return what `epoll` knows the connection by."""
        return self._socket.fileno()

    def carry(self, key: Any, request: bytes) -> None:
        """Take a request; it goes out at once, or as soon as the connection is open."""
        self.key = key
        self.request = request
        if self.served:
            self._received.clear()
            self._body.clear()
            self._size = 0
            self.complete = 0
        if self.is_open:
            self._send(request)

    def advance(self, events: int) -> bool:
        """Go on as far as possible; return whether an answer is complete."""
        if not self.is_open:
            self._open()
            return False
        if events & ~WRITE and self._receive():
            return True
        if self._rest:
            self._send(self._rest)
        return False

    def release(self) -> None:
        """Be idle: the answer has been taken."""
        self.key = self.request = None
        self.served += 1

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    @property
    def retry_after(self) -> float:
        """The wait that the answer names, in seconds; its other form, a date, counts as none."""
        if self.status not in NAMES_A_WAIT:
            return 0.0
        head = b"".join(self._received).partition(b"\r\n\r\n")[0] + b"\r\n"
        named = _RETRY_AFTER.search(head)
        return float(named[1]) if named else 0.0

    @property
    def body(self) -> bytes:
        """The answer's body."""
        return b"".join(self._body)

    def on_message_begin(self) -> None:
        """Note that an answer begins; the parser calls this."""
        self._unfinished = True

    def on_body(self, data: bytes) -> None:
        """Keep a part of the answer's body; the parser calls this."""
        if not self.complete:
            self._body.append(data)

    def on_message_complete(self) -> None:
        """Note that an answer is complete, unless it is an interim one; the parser calls this."""
        self._unfinished = False
        status = self._parser.get_status_code()
        if status < 200:  # noqa: PLR2004
            return
        if not self.complete:
            self.status = status
            self.keeps = self._parser.should_keep_alive()
        self.complete += 1

    def _open(self) -> None:
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        if isinstance(self._socket, ssl.SSLSocket) and not self._shake_hands(self._socket):
            return
        self.is_open = True
        self.wants = READ
        if self.request is not None:
            self._send(self.request)

    def _shake_hands(self, wrapped: ssl.SSLSocket) -> bool:
        try:
            wrapped.do_handshake()
        except ssl.SSLWantReadError:
            self.wants = READ
            return False
        except ssl.SSLWantWriteError:
            self.wants = WRITE
            return False
        return True

    def _send(self, data: bytes) -> None:
        try:
            sent = self._socket.send(data)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError):
            sent = 0
        if sent < len(data):
            self._rest = data[sent:]
            self.wants = READ | WRITE
        elif self._rest:
            self._rest = b""
            self.wants = READ

    def _receive(self) -> bool:
        try:
            data = self._socket.recv(RECORD)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return False
        if not data:
            raise ConnectionResetError("closed by the server")
        if self.request is None:
            raise ConnectionResetError("an answer to nothing")
        self._received.append(data)
        self._parse(data)
        if not self.complete:
            self._size += len(data)
            if self._size > LARGEST_ANSWER:
                raise ConnectionResetError("an answer without end")
            return False
        if self.complete > 1 or self._unfinished or self._rest:
            self.keeps = False  # what follows would be taken for the next request's answer
        return True

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            if not self.complete:
                raise
            self.keeps = False
