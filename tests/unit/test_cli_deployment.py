"""Finding the service that a command is meant for."""

import json
from pathlib import Path

import pytest

from roomcast.cli.deployment import ENDPOINTS, Deployment, find_deployment
from roomcast.errors import NotConfigured

WRITTEN = {
    "websocket_url": "ws://127.0.0.1:8000/ws",
    "stats_url": "http://127.0.0.1:8000/api/v1/websocket/stats",
    "event_bus_name": "bus",
    "registry_table": "registry",
    "region": "us-east-1",
    "aws_endpoint_url": "http://127.0.0.1:4566",
    "jwt_secret": "s3cret",
    "demo_token": "something else",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder whose local service runs."""
    path = tmp_path / ENDPOINTS
    path.parent.mkdir()
    path.write_text(json.dumps(WRITTEN))
    return tmp_path


class TestFind:
    def test_in_the_folder_or_above(self, project: Path) -> None:
        below = project / "src" / "app"
        below.mkdir(parents=True)
        for folder in (project, below):
            found = find_deployment(folder=folder, environment={})
            assert found.websocket_url == "ws://127.0.0.1:8000/ws"
            assert (found.event_bus, found.registry_table) == ("bus", "registry")
            assert found.jwt_secret() == "s3cret"

    def test_the_nearest_one(self, project: Path) -> None:
        nearer = project / "other" / ENDPOINTS
        nearer.parent.mkdir(parents=True)
        nearer.write_text(json.dumps(WRITTEN | {"event_bus_name": "nearer"}))
        assert find_deployment(folder=project / "other", environment={}).event_bus == "nearer"

    def test_the_environment_names_the_file(self, project: Path, tmp_path: Path) -> None:
        environment = {"ROOMCAST_ENDPOINTS": str(project / ENDPOINTS)}
        assert find_deployment(folder=Path("/"), environment=environment).event_bus == "bus"

    def test_none_says_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(NotConfigured, match=r"run `make dev` or `make up` .*--stack"):
            find_deployment(folder=tmp_path, environment={})


class TestFromEndpoints:
    @pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"region": "r"}'])
    def test_what_describes_no_service(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "endpoints.json"
        path.write_text(text)
        with pytest.raises(
            NotConfigured, match="does not describe a running service. Next: run `make dev`"
        ):
            Deployment.from_endpoints(path)

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(
            NotConfigured, match="does not describe a running service. Next: run `make dev`"
        ):
            Deployment.from_endpoints(tmp_path / "none.json")


class TestClient:
    def test_a_local_service_brings_endpoint_region_and_credentials(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_SESSION_TOKEN", "of somebody else")
        client = find_deployment(folder=project, environment={}).client("events")
        assert client.meta.endpoint_url == "http://127.0.0.1:4566"
        assert client.meta.region_name == "us-east-1"
        credentials = client._request_signer._credentials.get_frozen_credentials()
        assert (credentials.access_key, credentials.token) == ("test", None)


class TestSecrets:
    def test_of_webhooks(self, project: Path) -> None:
        path = project / ENDPOINTS
        path.write_text(json.dumps(WRITTEN | {"github_webhook_secret": "hush"}))
        found = Deployment.from_endpoints(path)
        assert found.github_secret() == "hush"
        assert "hush" not in repr(found)

    def test_a_service_without_them(self, project: Path) -> None:
        found = Deployment.from_endpoints(project / ENDPOINTS)
        assert found.signs_tokens
        assert not Deployment(name="stack S").signs_tokens
        with pytest.raises(NotConfigured, match="no secret to sign webhooks with"):
            found.github_secret()

    def test_no_secret_in_the_representation(self, project: Path) -> None:
        assert "s3cret" not in repr(find_deployment(folder=project, environment={}))

    def test_a_service_without_a_shared_one(self) -> None:
        with pytest.raises(NotConfigured, match="no shared secret"):
            Deployment(name="stack X").jwt_secret()


class TestNeed:
    def test_what_is_missing_is_named(self) -> None:
        with pytest.raises(NotConfigured, match="stack X has no websocket url"):
            Deployment(name="stack X").required("websocket_url")
