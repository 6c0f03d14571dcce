"""Looks whether a port of 127.0.0.1 is free. A taken one is an error; nobody is ever stopped."""

import socket

from local.errors import CannotRun

LOOPBACK = "127.0.0.1"


class PortTaken(CannotRun):
    """Something else listens on a port that is needed."""


def check_free(port: int, setting: str) -> None:
    """Raise `PortTaken`, naming the setting that moves it, unless `port` can be listened on."""
    with socket.socket() as probe:
        probe.settimeout(1)
        # A listener on all interfaces does not keep every system from binding the loopback's.
        taken = probe.connect_ex((LOOPBACK, port)) == 0
    if taken or not _can_bind(port):
        raise PortTaken(
            f"port {port} of {LOOPBACK} is taken by another program: "
            f"choose another one, for example `make dev {setting}={port + 100}`"
        )


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: a port whose last connections are fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
