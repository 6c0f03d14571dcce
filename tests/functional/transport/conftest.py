"""Servers in API Gateway's place, of which tests script the faults."""

from collections.abc import Iterator

import pytest

from tests.fakes.connections_server import ConnectionsServer


@pytest.fixture(params=[True, False], ids=["tls", "plain"])
def server(request: pytest.FixtureRequest) -> Iterator[ConnectionsServer]:
    """Give a server that must not be sent anything that is no request."""
    with ConnectionsServer(tls=request.param) as server:
        yield server
    assert server.violations == []


@pytest.fixture
def tls() -> Iterator[ConnectionsServer]:
    """Give a server of https alone, for what does not depend on it."""
    with ConnectionsServer() as server:
        yield server
    assert server.violations == []
