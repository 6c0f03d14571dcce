"""`roomcast doctor` as a command: output, exit codes, options."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from roomcast.cli import main
from roomcast.cli.deployment import ENDPOINTS
from roomcast.cli.doctor.checks import CHECKS
from tests.fakes.doctor_service import GITHUB_SECRET, SECRET, serving
from tests.functional.test_cli import template


@contextmanager
def in_a_thread(*faults: str) -> Iterator[str]:
    """Serve beside this thread, whose event loop belongs to the command; yield the URL."""
    loop = asyncio.new_event_loop()
    context = serving(*faults)
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        service = asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result(10)
        yield service.url
        closing = asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop)
        closing.result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def write_endpoints(folder: Path, url: str) -> None:
    endpoints = folder / ENDPOINTS
    endpoints.parent.mkdir()
    values = {
        "websocket_url": f"{url.replace('http', 'ws', 1)}/ws",
        "stats_url": f"{url}/stats",
        "health_url": f"{url}/health",
        "webhook_url": f"{url}/webhooks/github",
        "event_bus_name": "bus",
        "registry_table": "registry",
        "region": "us-east-1",
        "aws_endpoint_url": "http://127.0.0.1:1",
        "jwt_secret": SECRET,
        "github_webhook_secret": GITHUB_SECRET,
    }
    endpoints.write_text(json.dumps(values))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("ROOMCAST_STACK", "ROOMCAST_ENDPOINTS", "ROOMCAST_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(main, ("doctor", *arguments))


class TestLocal:
    def test_progress_table_and_exit_code(self, folder: Path) -> None:
        with in_a_thread() as url:
            write_endpoints(folder, url)
            result = doctor("--only", "handshake", "--only", "edge")
        assert result.exit_code == 0, result.output
        first, second, *_ = result.stderr.splitlines()
        assert first.startswith("[ 1/2] handshake ... ok (")
        assert second.startswith("[ 2/2] edge ... ok (")
        assert result.stdout.splitlines()[0].split()[:2] == ["check", "result"]
        assert "deleted by their TTL" in result.stdout
        assert SECRET not in result.output

    def test_a_failure_is_exit_code_1(self, folder: Path) -> None:
        with in_a_thread("empty_frames") as url:
            write_endpoints(folder, url)
            result = doctor("--only", "ackless-emit")
        assert result.exit_code == 1
        assert "an empty frame came" in result.stdout

    def test_json(self, folder: Path) -> None:
        with in_a_thread("unhealthy") as url:
            write_endpoints(folder, url)
            result = doctor("--json", "--only", "edge", "--only", "secrets")
        found = json.loads(result.stdout)
        assert result.exit_code == found["exit_code"] == 1
        assert [(each["check"], each["result"]) for each in found["checks"]] == [
            ("secrets", "ok"),
            ("edge", "failed"),
        ]

    def test_an_aws_that_is_not_there(self, folder: Path) -> None:
        with in_a_thread() as url:
            write_endpoints(folder, url)
            result = doctor("--only", "bus")
        assert result.exit_code == 1
        assert "AWS cannot be reached" in result.stdout
        assert "Traceback" not in result.output


class TestWithoutAService:
    def test_nothing_to_check_is_exit_code_2(self) -> None:
        result = doctor()
        assert result.exit_code == 2
        assert "no service found" in result.stderr

    def test_a_name_that_no_check_has(self) -> None:
        result = doctor("--only", "nothing")
        assert result.exit_code == 2
        assert "'nothing' is not one of" in result.stderr

    def test_the_list(self) -> None:
        result = doctor("--list")
        assert result.exit_code == 0
        lines = result.stdout.splitlines()
        assert [line.split()[0] for line in lines] == [check.name for check in CHECKS]
        assert lines[-1].endswith("(12 min; only with --only keep-alive)")


@pytest.mark.usefixtures("aws")
class TestStack:
    def test_a_stack_that_is_not_there_is_exit_code_2(self) -> None:
        result = doctor("--stack", "Nowhere")
        assert result.exit_code == 2
        assert "the stack Nowhere cannot be read" in result.stderr
        assert "Traceback" not in result.output

    @pytest.mark.parametrize("with_edge", [True, False])
    def test_the_edge_is_found_beside_the_service(self, *, with_edge: bool) -> None:
        secret = boto3.client("secretsmanager").create_secret(Name="jwt", SecretString=SECRET)
        with in_a_thread() as url:
            addresses = {
                "WebSocketUrl": f"{url.replace('http', 'ws', 1)}/ws",
                "StatsUrl": f"{url}/stats",
                "HealthUrl": f"{url}/health",
            }
            outputs = {"EventBusName": "bus", "JwtSecretArn": secret["ARN"], **addresses}
            _create("Roomcast", outputs)
            if with_edge:
                _create("RoomcastEdge", addresses)
            result = doctor("--stack", "Roomcast", "--only", "edge-failing-handshake")
        assert result.exit_code == (0 if with_edge else 2), result.output
        assert with_edge or "No check could run." in result.stdout
        assert SECRET not in result.output


def _create(name: str, outputs: dict[str, Any]) -> None:
    client = boto3.client("cloudformation")
    body = template(outputs).replace("AWS::SQS::Queue", "AWS::SNS::Topic")
    client.create_stack(StackName=name, TemplateBody=body)


class TestWithoutAws:
    """No credentials and no Region: the message says what to do next."""

    @pytest.mark.parametrize("command", ["doctor", "stats", "redrive"])
    def test_the_next_step_is_named(self, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
        result = CliRunner().invoke(main, [command, "--stack", "Roomcast"])
        assert result.exit_code != 0
        assert "Next: set AWS_PROFILE and AWS_DEFAULT_REGION" in result.stderr
