"""Where requests go: scheme, host and port of a URL, and the addresses behind the host."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import cycle
from typing import Any, Self
from urllib.parse import urlsplit

ADDRESS_SECONDS = 30.0
"""How long an answer of the resolver is used; AWS's own names live for 60 seconds."""

PORTS = {"https": 443, "http": 80}

Address = tuple[socket.AddressFamily, Any]
"""What `socket.socket` and `connect` take."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A server. Without TLS only this machine is talked to: requests carry credentials."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """Read a URL's origin; raise `ValueError` for one that is not to be talked to."""
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
    """Takes turns among an origin's addresses; asks the resolver again now and then."""

    origin: Origin
    clock: Callable[[], float] = time.monotonic
    _turns: Any = None
    _until: float = field(default=0.0)

    def next(self) -> Address:
        """Return the address for a new connection; raise `OSError` when the name has none."""
        if self._turns is None or self.clock() >= self._until:
            found = socket.getaddrinfo(self.origin.host, self.origin.port, type=socket.SOCK_STREAM)
            self._turns = cycle([(family, address) for family, _, _, _, address in found])
            self._until = self.clock() + ADDRESS_SECONDS
        address: Address = next(self._turns)
        return address

    def forget(self) -> None:
        """Ask the resolver next time: an address did not answer."""
        self._turns = None


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
