"""API Gateway's stand-in: nginx with TLS on 127.0.0.1, answering at once or after 10 ms."""

import http.client
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from benchmarks import aws_answers, certificate, debian
from benchmarks.machine import BENCH, CannotMeasure
from benchmarks.programs import start, tool

DELAYS = {"now": 0.0, "10ms": 0.01}
"""The stub's stages: seconds that each takes for an answer."""

STARTING_SECONDS = 10.0

TRIES = 10
"""Posts to find out what a stage takes: the fastest of them tells, on a busy machine too."""

SLACK = 0.02
"""Seconds that it may take longer."""


@dataclass(frozen=True, slots=True)
class Stub:
    """A running stub; `authority` is the file that its certificate is verified against."""

    port: int
    authority: Path
    pid: int

    def url(self, stage: str) -> str:
        """Return what a function would get as its callback URL."""
        return f"https://127.0.0.1:{self.port}/{stage}"

    def requests(self) -> int:
        """Return how many requests it has answered, this one included."""
        with _connection(self) as connection:
            _, body = _ask(connection, "GET", "/status")
        return int(body.split()[9])

    def expect(self, count: int, *, since: int) -> None:
        """Raise `CannotMeasure` unless `count` requests came, and few more, since it was asked."""
        came = self.requests() - since - 1
        if not count <= came <= count + max(100, count // 100):
            raise CannotMeasure(f"{came} requests reached the stub, expected {count}")


@contextmanager
def running(core: int) -> Iterator[Stub]:
    """Run a stub on a core, its delay and its reading of bodies verified."""
    debian.install()
    BENCH.mkdir(exist_ok=True)
    with (
        TemporaryDirectory(prefix="stub-", dir=BENCH) as folder,
        _nginx(Path(folder), core) as stub,
    ):
        _verify(stub)
        yield stub


@contextmanager
def _nginx(folder: Path, core: int) -> Iterator[Stub]:
    """Write all that nginx needs to the folder, and run it."""
    authority = certificate.make(folder)
    aws_answers.write(folder / "answers")
    port = _free_port()
    names = {"folder": folder, "port": port, "echo_module": debian.ECHO_MODULE}
    config = Template(Path(__file__).with_name("stub.conf").read_text()).substitute(names)
    (folder / "nginx.conf").write_text(config)
    with start(
        [tool("nginx") or "nginx", "-p", folder, "-c", folder / "nginx.conf"],
        core=core,
        stderr=subprocess.PIPE,
    ) as nginx:
        stub = Stub(port, authority, nginx.pid)
        try:
            _await(stub, nginx)
            yield stub
        finally:
            nginx.terminate()
            nginx.communicate()


def _await(stub: Stub, nginx: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < until and nginx.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", stub.port)).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    nginx.terminate()
    raise CannotMeasure(f"nginx does not start:\n{nginx.communicate()[1]}")


def _verify(stub: Stub) -> None:
    """See that bodies are taken off the connection, and that the delay is what it says."""
    for stage, delay in DELAYS.items():
        with _connection(stub) as connection:
            took = min(_post(connection, stage) for _ in range(TRIES))
        if not delay <= took < delay + SLACK:
            raise CannotMeasure(f"the stub takes {took:.4f} s for {stage}, expected {delay} s")


def _post(connection: http.client.HTTPSConnection, stage: str) -> float:
    """Post and return the seconds until the answer."""
    started = time.monotonic()
    status, body = _ask(connection, "POST", f"/{stage}/%40connections/check", b"x" * 500)
    if (status, body) != (200, b""):
        raise CannotMeasure(f"the stub answers {status} {body!r}, expected 200 and no body")
    return time.monotonic() - started


def _ask(
    connection: http.client.HTTPSConnection, method: str, path: str, body: bytes | None = None
) -> tuple[int, bytes]:
    connection.request(method, path, body)
    with connection.getresponse() as answer:
        return answer.status, answer.read()


@contextmanager
def _connection(stub: Stub) -> Iterator[http.client.HTTPSConnection]:
    trust = ssl.create_default_context(cafile=str(stub.authority))
    connection = http.client.HTTPSConnection("127.0.0.1", stub.port, timeout=5, context=trust)
    try:
        yield connection
    finally:
        connection.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
