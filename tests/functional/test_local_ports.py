"""Whether a port is free, with real sockets."""

import socket
from collections.abc import Iterator

import pytest

from local.ports import PortTaken, check_free


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])
def listener(request: pytest.FixtureRequest, port: int) -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind((request.param, port))
        taken.listen()
        yield port


class TestCheckFree:
    def test_free_port(self, port: int) -> None:
        check_free(port, "ROOMCAST_PORT")

    def test_taken_port_names_its_setting(self, listener: int) -> None:
        with pytest.raises(PortTaken, match=f"port {listener} .* ROOMCAST_PORT={listener + 100}"):
            check_free(listener, "ROOMCAST_PORT")

    def test_port_that_was_just_closed_is_free(self, port: int) -> None:
        """A server that closes its connections leaves them in TIME_WAIT on its port."""
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("127.0.0.1", port))
            server.listen()
            client = socket.create_connection(("127.0.0.1", port))
            accepted, _ = server.accept()
            accepted.close()
            client.close()

        check_free(port, "ROOMCAST_PORT")
