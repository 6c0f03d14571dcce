"""`roomcast explain` at an HTTP server in this process."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from roomcast.cli import main
from roomcast.cli.deployment import ENDPOINTS
from tests.functional import test_cli_stats
from tests.functional.test_cli_stats import Service

service = test_cli_stats.service
ANSWER = {
    "event": {
        "id": "e 1",
        "known": True,
        "type": "pr.created",
        "published_at": "P",
        "began_at": "B",
        "fan_out": "queued",
        "queued_parts": 2,
        "posts": 3,
    },
    "user": "ada",
    "rooms": [
        {"room": "project:1", "may_join": True, "left_out": False, "seq": 7, "replay_until": "U"},
        {"room": "global", "may_join": None, "left_out": True},
    ],
    "connections": [
        {
            "id": "c1",
            "protocol": "json",
            "connected_at": "C",
            "memberships": [],
            "verdict": "filtered",
            "reason": "why",
        }
    ],
    "verdict": "filtered",
    "reason": "why",
    "next": "do it",
}


@pytest.fixture(autouse=True)
def answer(service: Service) -> None:
    service.body = json.dumps(ANSWER)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["explain", *arguments])


class TestExplain:
    def test_is_asked_beside_the_statistics(self, service: Service) -> None:
        run("e 1", "auth0|ada", "--token", "mine")
        assert service.asked == [("/api/v1/explain?event=e+1&user=auth0%7Cada", "Bearer mine")]

    def test_is_readable(self) -> None:
        assert run("e 1", "ada").stdout.splitlines() == [
            "event       e 1  pr.created, published P, fan-out queued, 2 parts wait, 3 posts",
            "room        project:1  its token opens it, seq 7, replay until U",
            "room        global  whether a token opens it is not known, left out: a newer event "
            "tells it",
            "connection  c1  json, connected C",
            "            filtered: why",
            "verdict     filtered: why",
            "next        do it",
        ]

    def test_an_unknown_event(self, service: Service) -> None:
        unknown = {"event": {"id": "e 1", "known": False}, "rooms": [], "connections": []}
        service.body = json.dumps({**ANSWER, **unknown})
        assert run("e 1", "ada").stdout.splitlines()[0] == "event       e 1  not known"

    def test_json(self) -> None:
        assert json.loads(run("e 1", "ada", "--json").stdout) == ANSWER

    def test_no_user(self, service: Service) -> None:
        result = run("e 1", "a d a")
        assert (result.exit_code, service.asked) == (2, [])

    @pytest.mark.parametrize(
        ("status", "body", "said"), [(403, "", "403 Forbidden"), (200, "{}", "no explanation")]
    )
    def test_no_answer_to_show(self, service: Service, status: int, body: str, said: str) -> None:
        service.status, service.body = status, body
        result = run("e 1", "ada")
        assert (result.exit_code, result.stdout) == (1, "")
        assert said in result.stderr

    def test_nobody_there(self, service: Service) -> None:
        path = Path.cwd() / ENDPOINTS
        path.write_text(path.read_text().replace(str(service.server_port), "1"))
        result = run("e 1", "ada")
        assert result.exit_code == 1
        assert "does not answer" in result.stderr
