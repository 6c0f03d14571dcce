"""What `make dev` prints: lines that can be pasted."""

import hashlib
import hmac
import json
import re
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from local import endpoints, guide
from local.settings import Settings
from roomcast_backend.github.issues import IssueDelivery
from tests.unit.test_local_endpoints import DEMO, OUTPUTS


@pytest.fixture
def printed(tmp_path: Path) -> str:
    settings = Settings(port=8100, aws_port=4600, directory=tmp_path)
    return guide.text(settings, endpoints.describe(settings, OUTPUTS, DEMO))


class TestGuide:
    @pytest.mark.parametrize(
        "part",
        [
            "http://127.0.0.1:8100",
            "ws://127.0.0.1:8100/ws",
            'io("http://127.0.0.1:8100/ws")',
            "http://127.0.0.1:8100/webhooks/github",
            "http://127.0.0.1:4600",
            "the demo_token",
            "endpoints.json",
        ],
    )
    def test_names_what_one_needs(self, printed: str, part: str) -> None:
        assert part in printed

    def test_names_the_kinds_of_rooms_where_there_are_some(
        self, printed: str, tmp_path: Path
    ) -> None:
        assert "ROOMCAST_ROOM_KINDS" not in printed
        settings = Settings(port=8100, aws_port=4600, directory=tmp_path)
        outputs = {**OUTPUTS, "RoomKinds": '{"run":"authenticated"}'}
        text = guide.text(settings, endpoints.describe(settings, outputs, DEMO))
        assert """\n  ROOMCAST_ROOM_KINDS='{"run":"authenticated"}' \\\n  AWS_ENDPOINT""" in text

    def test_its_link_is_signed_in_and_has_the_projects(self, printed: str) -> None:
        (link,) = re.findall(r"^http://127.0.0.1:8100/#(\S+)$", printed, re.MULTILINE)
        values = parse_qs(link)
        assert values["token"] == ["the admin_token"]
        assert values["project"] == [DEMO["demo_project_id"], "zeus"]

    def test_leaves_no_placeholder(self, printed: str) -> None:
        assert not re.search(r"\{\w+\}", printed)

    def test_webhook_is_signed_and_about_the_demo_repository(
        self, printed: str, tmp_path: Path
    ) -> None:
        body = (tmp_path / "webhook.json").read_bytes()
        secret = DEMO["github_webhook_secret"].encode()
        signature = hmac.new(secret, body, hashlib.sha256).hexdigest()

        assert f"X-Hub-Signature-256: sha256={signature}" in printed
        assert json.loads(body)["repository"]["full_name"] == DEMO["demo_repository"]

    def test_webhook_is_one_that_the_service_maps(self, printed: str, tmp_path: Path) -> None:
        delivery = IssueDelivery.model_validate_json((tmp_path / "webhook.json").read_bytes())

        assert delivery.event("demo").type == "issue.created"

    @pytest.mark.parametrize(
        ("directory", "line"),
        [
            (".local", ".venv/bin/roomcast tail"),
            (".local/two", "ROOMCAST_ENDPOINTS=.local/two/endpoints.json .venv/bin/roomcast tail"),
        ],
    )
    def test_paths_are_those_of_the_projects_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, directory: str, line: str
    ) -> None:
        monkeypatch.setattr(guide, "ROOT", tmp_path)
        (tmp_path / directory).mkdir(parents=True)
        settings = Settings(port=8100, aws_port=4600, directory=tmp_path / directory)
        text = guide.text(settings, endpoints.describe(settings, OUTPUTS, DEMO))

        assert f"\n{line} project:" in text
        assert f"--data-binary @{directory}/webhook.json" in text
