"""`roomcast stats` at an HTTP server in this process."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from click.testing import CliRunner, Result

from roomcast.cli import main
from roomcast.cli.deployment import ENDPOINTS

SECRET = "0123456789abcdef0123456789abcdef"
STATS = {
    "connections": 12345,
    "rooms": {"global": 12345, "project:*": 7, "user:*": 9, "agent:*": 0},
    "events_emitted": 1000000,
    "uptime_seconds": 60,
}


EVENTS = {
    "events": [
        {"type": "workflow.progress", "events": 1000, "deliveries": 50000, "bytes": 1,
         "dollars": 0.0595},
        {"type": None, "events": 7, "deliveries": 0, "bytes": 0, "dollars": 0.000048},
    ],
    "deliveries": {"sent": 50000, "gone": 3},
    "cost": {
        "dollars": 0.059548,
        "prices_of": "2026-11-25",
        "advice": [
            {"type": "workflow.progress", "text": "Say less.", "saves_dollars": [0.01, 0.02]}
        ],
    },
}  # fmt: skip


class Service(ThreadingHTTPServer):
    """Answers every request with `status` and `body`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.body = json.dumps(STATS)
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/v1/websocket/stats"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:  # noqa: N802
        self.server.asked.append((self.path, self.headers["Authorization"]))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    server = Service()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    names = ("websocket_url", "event_bus_name", "registry_table", "region", "aws_endpoint_url")
    written: dict[str, Any] = dict.fromkeys(names, "none")
    (tmp_path / ENDPOINTS).parent.mkdir()
    endpoints = written | {"stats_url": server.url, "jwt_secret": SECRET}
    (tmp_path / ENDPOINTS).write_text(json.dumps(endpoints))
    monkeypatch.chdir(tmp_path)
    for name in ("ROOMCAST_STACK", "ROOMCAST_ENDPOINTS", "ROOMCAST_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["stats", *arguments])


class TestStats:
    def test_a_table(self, service: Service) -> None:
        assert run().stdout.splitlines() == [
            "connections            12,345",
            "rooms global           12,345",
            "rooms project:*             7",
            "rooms user:*                9",
            "rooms agent:*               0",
            "events_emitted      1,000,000",
            "uptime_seconds             60",
        ]

    def test_events_by_type_with_their_cost_and_what_would_lower_it(self, service: Service) -> None:
        service.body = json.dumps(STATS | EVENTS)
        assert run().stdout.splitlines()[-8:] == [
            "deliveries gone             3",
            "",
            "event type               events    deliveries       dollars",
            "workflow.progress         1,000        50,000      0.059500",
            "all others                    7             0      0.000048",
            "",
            "Events have cost some $0.059548 so far, by list prices of 2026-11-25; "
            "connections are not in it.",
            "Say less. That is $0.010000 to $0.020000.",
        ]

    def test_asks_as_an_admin(self, service: Service) -> None:
        run()
        [(path, authorization)] = service.asked
        assert path == "/api/v1/websocket/stats"
        claims = jwt.decode(authorization.removeprefix("Bearer "), SECRET, algorithms=["HS256"])
        assert claims["role"] == "admin"

    def test_a_token_of_ones_own_and_single_rooms(self, service: Service) -> None:
        service.body = json.dumps(STATS | {"detail": {"project:123": 7}})
        result = run("--rooms", "--token", "mine")
        assert "detail project:123" in result.stdout
        assert service.asked == [("/api/v1/websocket/stats?detail=rooms", "Bearer mine")]

    def test_the_token_of_the_environment(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_TOKEN", "mine")
        run()
        assert service.asked == [("/api/v1/websocket/stats", "Bearer mine")]

    def test_the_reason_of_the_service_is_shown(self, service: Service) -> None:
        service.status, service.body = 401, '{"message": "the token has expired"}'
        said = run().stderr
        assert "answered 401 Unauthorized: the token has expired. Next: pass another token" in said

    def test_json(self, service: Service) -> None:
        assert json.loads(run("--json").stdout) == STATS

    @pytest.mark.parametrize(
        ("status", "body", "said"),
        [
            (403, "", "answered 403 Forbidden"),
            (503, "", "answered 503 Service Unavailable"),
            (200, "<html>", "not JSON"),
            (200, "[]", "not statistics"),
            (200, "{}", "not statistics"),
        ],
    )
    def test_no_answer_to_show(self, service: Service, status: int, body: str, said: str) -> None:
        service.status, service.body = status, body
        result = run()
        assert (result.exit_code, result.stdout) == (1, "")
        assert said in result.stderr

    def test_nobody_there(self, service: Service) -> None:
        path = Path.cwd() / ENDPOINTS
        path.write_text(path.read_text().replace(str(service.server_port), "1"))
        result = run()
        assert result.exit_code == 1
        assert "does not answer" in result.stderr
