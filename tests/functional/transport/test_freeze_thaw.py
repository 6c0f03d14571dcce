"""A sender that is stopped and goes on later, as Lambda does with containers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.connections_server import OK, ConnectionsServer, Reply, Then, authority, status
from tests.fakes.sender import names

PROGRAM = """
import sys
from roomcast_backend.aws.http.transport import Transport
from roomcast_backend.model.connection import Member
from roomcast_backend.gateway.posts import Post
from roomcast_backend.gateway.connections_api import ConnectionsApi
from roomcast_backend.settings import Settings

url = sys.argv[1]
api = ConnectionsApi(Settings(callback_url=url), many=Transport(url, timeout=1.0))
for line in sys.stdin:
    posts = [Post(Member(id_, "json", 2**40, 0), b"frame") for id_ in line.split()]
    print(*sorted(posted.outcome.value for posted in api.post_all(posts)), flush=True)
"""


class Frozen:
    """A sender in a process of its own, which can be stopped as Lambda stops a container."""

    def __init__(self, url: str, authorities: Path) -> None:
        authority().cert_pem.write_to_path(str(authorities))
        environment = {
            "AWS_CA_BUNDLE": str(authorities),
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | environment,
            text=True,
        )

    def begin(self, *connection_ids: str) -> None:
        """Have it post, and do not wait for what comes of it."""
        assert self.process.stdin
        print(*connection_ids, file=self.process.stdin, flush=True)

    def outcomes(self) -> list[str]:
        """Wait for what came of the posts."""
        assert self.process.stdout
        return self.process.stdout.readline().split()

    def freeze(self) -> None:
        """Stop the process; return when it has stopped."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def thaw(self) -> None:
        """Let the process go on."""
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """End the process, stopped or not."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def server() -> Iterator[ConnectionsServer]:
    """Give a server that must not be sent anything that is no request."""
    with ConnectionsServer() as server:
        yield server
    assert server.violations == []


@pytest.fixture
def sender(server: ConnectionsServer, tmp_path: Path) -> Iterator[Frozen]:
    """Give a process that has posted already, and has eight connections."""
    server.default = OK.after(0.1)
    frozen = Frozen(server.url, tmp_path / "authorities.pem")
    try:
        frozen.begin(*names(8))
        assert frozen.outcomes() == ["sent"] * 8
        server.default = OK
        server.wait_for("busy", 0)
        yield frozen
    finally:
        frozen.end()


class TestFreezeAndThaw:
    """What happens to a container between two invocations."""

    @pytest.mark.parametrize("then", [Then.CLOSE, Then.RESET])
    def test_connections_closed_meanwhile(
        self, server: ConnectionsServer, sender: Frozen, then: Then
    ) -> None:
        opened = server.open
        assert opened > 1
        sender.freeze()
        assert server.close_idle(then) == opened
        sender.thaw()
        sender.begin("thawed", *names(20))
        assert sender.outcomes() == ["sent"] * 21
        assert server.delivered["thawed"] == {b"frame": 1}  # noticed before anything was sent

    def test_connections_still_open(self, server: ConnectionsServer, sender: Frozen) -> None:
        accepted = server.accepted
        sender.freeze()
        sender.thaw()
        sender.begin("thawed")
        assert sender.outcomes() == ["sent"]
        assert server.accepted == accepted

    def test_in_mid_post_for_longer_than_its_timeout(
        self, server: ConnectionsServer, sender: Frozen
    ) -> None:
        """The answer came while the process was stopped: it is not too late for it."""
        many_reads = status(200, body=b"x" * 100_000)
        server.script("slow", many_reads.after(0.3))
        sender.begin("slow")
        server.wait_for("busy", 1)
        sender.freeze()
        server.wait_for("busy", 0)
        time.sleep(1.0)
        sender.thaw()
        assert sender.outcomes() == ["sent"]
        assert server.delivered["slow"] == {b"frame": 1}

    def test_in_mid_post_and_closed_meanwhile(
        self, server: ConnectionsServer, sender: Frozen
    ) -> None:
        server.script("slow", Reply(then=Then.CLOSE, pause=0.3))
        sender.begin("slow")
        server.wait_for("busy", 1)
        sender.freeze()
        server.wait_for("busy", 0)
        sender.thaw()
        assert sender.outcomes() == ["sent"]
        assert server.delivered["slow"] == {b"frame": 1}
