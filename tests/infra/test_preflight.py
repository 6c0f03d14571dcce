"""What an account allows beside what the settings ask for."""

from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from infra import preflight
from infra.preflight import Quotas, findings
from infra.settings import Settings

LARGE = Quotas(concurrency=1000, requests_per_second=100_000, request_burst=5000, can_log=True)
NEW = Quotas(concurrency=10, requests_per_second=100_000, request_burst=5000, can_log=False)


def said(quotas: Quotas, **settings: Any) -> list[str]:
    return [str(finding) for finding in findings(Settings(**settings), quotas)]


class TestFindings:
    def test_none_in_an_account_that_has_enough(self) -> None:
        assert said(LARGE) == []

    def test_few_executions_are_a_note_with_what_to_raise(self) -> None:
        (note,) = said(NEW)
        assert note.startswith("note: 10 executions")
        assert "L-B99A9384" in note
        assert "Until then set page_workers to 2 and polling to upgrade" in note
        assert "Until then" not in said(NEW, page_workers=2, polling="upgrade")[0]

    def test_page_workers_need_executions(self) -> None:
        assert "1000 executions" in said(LARGE, page_workers=1000)[0]

    def test_polling_connections_wait_in_executions(self) -> None:
        few = Quotas(concurrency=100, requests_per_second=1e5, request_burst=5000, can_log=True)
        (note,) = said(few)
        assert "100 polling connections that wait" in note
        assert said(few, max_polling_connections=20) == []
        assert said(few, polling="upgrade") == said(few, polling="off") == []

    def test_a_reservation_in_a_new_account_would_fail(self) -> None:
        error, _note = said(NEW, subscribe_reserved_concurrency=5)
        assert error.startswith("error: subscribe_reserved_concurrency: 5 of 10")
        assert "105 or more" in error

    def test_a_reservation_that_leaves_100_does_not(self) -> None:
        assert (
            said(LARGE, connect_reserved_concurrency=400, subscribe_reserved_concurrency=500) == []
        )

    def test_one_more_does(self) -> None:
        (error,) = said(LARGE, connect_reserved_concurrency=401, subscribe_reserved_concurrency=500)
        assert "connect_reserved_concurrency and subscribe_reserved_concurrency: 901" in error

    def test_posts_and_frames_share_the_rate(self) -> None:
        quotas = Quotas(
            concurrency=1000, requests_per_second=2500, request_burst=1250, can_log=True
        )
        assert said(quotas, posts_per_second=2000, frames_per_second=500, post_burst=1250) == []
        (note,) = said(quotas, posts_per_second=2000, frames_per_second=501, post_burst=1250)
        assert "2501 requests a second together" in note

    def test_a_burst_over_the_quota(self) -> None:
        assert "frame_burst: 5001" in said(LARGE, frame_burst=5001)[0]

    def test_posts_at_once_over_the_quota_of_a_small_region(self) -> None:
        quotas = Quotas(concurrency=1000, requests_per_second=1e5, request_burst=1250, can_log=True)
        (note,) = said(quotas)
        assert note.startswith("note: post_burst: 5000 posts at once")
        assert "Set it to 1250" in note

    def test_access_logs_need_a_role_of_the_account(self) -> None:
        quotas = Quotas(
            concurrency=1000, requests_per_second=1e5, request_burst=5000, can_log=False
        )
        assert said(quotas) == []
        (error,) = said(quotas, websocket_access_logs=True)
        assert error.startswith("error: websocket_access_logs")


class FakeClients:
    """Answers as Lambda and API Gateway do."""

    def __init__(self, service: str, **_options: Any) -> None:
        self.service = service

    def get_account_settings(self) -> dict[str, Any]:
        assert self.service == "lambda"
        return {"AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}}

    def get_account(self) -> dict[str, Any]:
        assert self.service == "apigateway"
        return {"throttleSettings": {"rateLimit": 100_000.0, "burstLimit": 5000}}


class TestCommand:
    @pytest.fixture
    def account(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("boto3.client", FakeClients)

    def test_asks_the_account(self, account: None) -> None:
        assert preflight.ask() == NEW

    def test_notes_let_the_deployment_go_on(
        self, account: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        preflight.main([])
        assert "note: 10 executions" in capsys.readouterr().err

    def test_an_error_ends_it_with_1(
        self, account: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as ended:
            preflight.main(["--context", "connect_reserved_concurrency=1"])
        assert ended.value.code == 1
        assert "error: connect_reserved_concurrency" in capsys.readouterr().err

    def test_an_account_that_cannot_be_asked_is_a_note(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def refuse(*_arguments: Any, **_options: Any) -> None:
            raise NoCredentialsError

        monkeypatch.setattr("boto3.client", refuse)
        preflight.main([])
        said = capsys.readouterr().err
        assert "note: the account's quotas are not checked" in said
        assert "Next: set AWS_PROFILE and AWS_DEFAULT_REGION" in said

    def test_a_bad_setting_is_named(self) -> None:
        with pytest.raises(SystemExit, match="page_workers='1'"):
            preflight.main(["-c", "page_workers=1"])
