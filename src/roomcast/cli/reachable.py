"""Tells within seconds whether something answers at an address."""

import socket
from typing import Final
from urllib.parse import urlsplit

from roomcast.errors import RoomcastError

CONNECT_SECONDS: Final = 2.0
"""How long a connection may take to be there."""

LOCAL_SECONDS: Final = 2.0
"""How long an address of this machine may take to answer."""

REMOTE_SECONDS: Final = 10.0
"""How long another one may take: a function that was not called for long needs seconds."""

_PORTS: Final = {"http": 80, "ws": 80, "https": 443, "wss": 443}

_REQUEST: Final = "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"


class Unreachable(RoomcastError):
    """Nothing answers at `url`; `problem` says how it showed, `next_step` what to do."""

    def __init__(self, url: str, problem: str, next_step: str) -> None:
        super().__init__(url, problem, next_step)
        self.url = url
        self.problem = problem
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.url} does not answer: {self.problem}. {self.next_step}"


def is_local(url: str) -> bool:
    """Tell whether an address is one of this machine."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def patience(url: str) -> float:
    """Return the seconds for which an answer of an address that is connected is waited for."""
    return LOCAL_SECONDS if is_local(url) else REMOTE_SECONDS


def check(url: str, *, next_step: str) -> None:
    """Raise `Unreachable` unless something is there: on this machine, that it answers HTTP.

    A process that is stopped, or that hangs, still has connections accepted by the kernel.
    """
    address = urlsplit(url)
    host = address.hostname or ""
    try:
        where = (host, address.port or _PORTS.get(address.scheme, 0))
        with socket.create_connection(where, timeout=CONNECT_SECONDS) as connection:
            if is_local(url):
                connection.settimeout(LOCAL_SECONDS)
                connection.sendall(_REQUEST.format(host=address.netloc).encode())
                connection.recv(1)
    except (OSError, ValueError) as exc:
        problem = "no answer in time" if isinstance(exc, TimeoutError) else _reason(exc)
        raise Unreachable(url, problem, next_step) from exc


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error)
