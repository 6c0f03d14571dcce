"""`endpoints.json`: every key that clients, tests and benchmarks rely on."""

import json
import stat
from pathlib import Path
from typing import get_type_hints

import pytest

from local import endpoints
from local.endpoints import Endpoints
from local.settings import Settings

OUTPUTS = {
    "WebSocketUrl": "ws://127.0.0.1:4600/_aws/execute-api/abc/ws",
    "HttpUrl": "http://127.0.0.1:4600/_aws/execute-api/def/$default",
    "EventBusName": "Roomcast",
    "DataBucketName": "roomcast-data",
    "BroadcastFunctionName": "broadcast",
    "AccessFunctionName": "access",
    "OpenDeadLettersUrl": "http://127.0.0.1:4566/000000000000/open",
    "RegistryTableName": "Registry-1",
}
DEMO = {
    name: f"the {name}"
    for name in (
        "demo_token",
        "admin_token",
        "jwt_secret",
        "github_webhook_secret",
        "demo_project_id",
        "demo_repository",
    )
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(port=8100, aws_port=4600, directory=tmp_path)


class TestDescribe:
    def test_names_what_lies_behind_the_edge(self, settings: Settings) -> None:
        described = endpoints.describe(settings, OUTPUTS, DEMO)

        assert described["site_url"] == "http://127.0.0.1:8100"
        assert described["websocket_url"] == "ws://127.0.0.1:8100/ws"
        assert described["socketio_url"] == "http://127.0.0.1:8100/ws"
        assert described["webhook_url"] == "http://127.0.0.1:8100/webhooks/github"
        assert described["stats_url"] == "http://127.0.0.1:8100/api/v1/websocket/stats"
        assert described["health_url"] == "http://127.0.0.1:8100/health"

    def test_names_what_lies_past_it(self, settings: Settings) -> None:
        described = endpoints.describe(settings, OUTPUTS, DEMO)

        assert described["websocket_api_url"] == OUTPUTS["WebSocketUrl"]
        assert described["http_api_url"] == OUTPUTS["HttpUrl"]
        assert described["aws_endpoint_url"] == "http://127.0.0.1:4600"
        assert described["event_bus_name"] == "Roomcast"
        assert described["registry_table"] == "Registry-1"
        assert described["room_kinds"] == ""
        assert described["region"] == "us-east-1"

    def test_holds_the_demo(self, settings: Settings) -> None:
        described = endpoints.describe(settings, OUTPUTS, DEMO)

        assert {name: dict(described)[name] for name in DEMO} == DEMO
        assert set(described) == set(get_type_hints(Endpoints))


class TestFile:
    def test_is_read_as_it_was_written(self, settings: Settings) -> None:
        described = endpoints.describe(settings, OUTPUTS, DEMO)
        endpoints.write(settings, described)

        assert json.loads(settings.endpoints_file.read_text()) == described

    def test_is_for_its_owner_only(self, settings: Settings) -> None:
        endpoints.write(settings, endpoints.describe(settings, OUTPUTS, DEMO))

        assert stat.S_IMODE(settings.endpoints_file.stat().st_mode) == 0o600
