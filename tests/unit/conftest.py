"""Unit tests are pure: a socket, opened or asked for, fails the test."""

import pytest
from pytest_socket import disable_socket


@pytest.fixture(autouse=True)
def no_network() -> None:
    """Forbid sockets; event loops keep the pair that they wake themselves with."""
    disable_socket(allow_unix_socket=True)
