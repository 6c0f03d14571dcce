"""Where credentials come from, and that they stay secret."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore import session
from botocore.credentials import Credentials as Static
from botocore.credentials import RefreshableCredentials

from roomcast_backend.aws import credentials
from roomcast_backend.aws.credentials import Credentials, CredentialsNotFound, current

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Take away what this machine knows about AWS."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    credentials._chain.cache_clear()
    yield
    credentials._chain.cache_clear()


class TestEnvironment:
    def test_is_read_each_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        assert current() == Credentials("key", "secret", "")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
        assert current() == Credentials("key", "secret", "token")

    def test_does_not_import_botocore(self) -> None:
        code = "import roomcast_backend.aws.signing, sys; assert 'botocore' not in sys.modules"
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_without_credentials_says_what_to_set(self) -> None:
        with pytest.raises(CredentialsNotFound, match="AWS_ACCESS_KEY_ID"):
            current()

    def test_finding_nothing_is_not_remembered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(CredentialsNotFound):
            current()
        profile(monkeypatch)
        assert current() == Credentials("from-file", "secret", "token")


class TestChain:
    def test_reads_profiles(self, monkeypatch: pytest.MonkeyPatch) -> None:
        profile(monkeypatch)
        assert current() == Credentials("from-file", "secret", "token")

    def test_refreshes_what_expires(self, monkeypatch: pytest.MonkeyPatch) -> None:
        issued: list[str] = []

        def refresh() -> dict[str, str]:
            issued.append(f"key-{len(issued)}")
            return {
                "access_key": issued[-1],
                "secret_key": "secret",
                "token": "token",
                "expiry_time": (datetime.now(UTC) + HOUR).isoformat(),
            }

        expired = RefreshableCredentials(
            "old", "secret", "token", datetime.now(UTC) - HOUR, refresh, method="test"
        )
        chosen(monkeypatch, expired)
        assert current() == current() == Credentials("key-0", "secret", "token")
        monkeypatch.setattr(expired, "_expiry_time", datetime.now(UTC) - HOUR)
        assert current().access_key == "key-1"

    def test_credentials_without_a_secret_are_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        chosen(monkeypatch, Static("key", ""))
        with pytest.raises(CredentialsNotFound):
            current()


class TestRepr:
    @pytest.mark.parametrize("show", [repr, str, "{}".format])
    def test_shows_no_secret(self, show: Callable[[object], str]) -> None:
        assert show(Credentials("key", "secret", "token")) == "Credentials(access_key='key')"


def profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this machine a profile."""
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        "[mine]\naws_access_key_id = from-file\naws_secret_access_key = secret\n"
        "aws_session_token = token\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "mine")


def chosen(monkeypatch: pytest.MonkeyPatch, found: Static) -> None:
    """Let botocore find these."""
    monkeypatch.setattr(session.Session, "get_credentials", lambda self: found)
