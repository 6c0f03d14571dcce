"""The server of a URL: scheme, host and port, and the addresses of the host."""

import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import urlsplit

ADDRESS_SECONDS = 30.0
"""How long the resolver's addresses are used; the TTL of AWS's own names is 60 seconds."""

PORTS = {"https": 443, "http": 80}

Address = tuple[socket.AddressFamily, Any]
"""The arguments of `socket.socket` and `connect`."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A server. Without TLS it must be on this machine, because requests carry credentials."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """Read a URL's origin; raise `ValueError` unless it is https, or http to this machine."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError(f"expected https://host, got {url!r}")
        if parts.scheme == "http" and not _is_this_machine(parts.hostname):
            raise ValueError(f"expected https, http is for this machine alone: got {url!r}")
        return cls(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme])

    @property
    def authority(self) -> str:
        """The `Host` header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(slots=True)
class Addresses:
    """Rotates an origin's addresses; asks the resolver again after `ADDRESS_SECONDS`."""

    origin: Origin
    clock: Callable[[], float] = time.monotonic
    _found: deque[Address] = field(default_factory=deque)
    _until: float = field(default=0.0)

    def rotated(self) -> list[Address]:
        """Return all addresses, each time another one first; raise `OSError` if there are none."""
        if not self._found or self.clock() >= self._until:
            found = socket.getaddrinfo(self.origin.host, self.origin.port, type=socket.SOCK_STREAM)
            self._found = deque((family, address) for family, _, _, _, address in found)
            self._until = self.clock() + ADDRESS_SECONDS
        self._found.rotate(-1)
        return list(self._found)

    def forget(self) -> None:
        """Drop the addresses, which cannot be reached: ask the resolver next time."""
        self._found.clear()


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
