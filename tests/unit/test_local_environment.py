"""What the processes of the local service see of the user's environment."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from local import environment
from local.settings import Settings

Seen = Callable[[Settings], dict[str, str]]

SETTINGS = Settings(port=8100, aws_port=4600, directory=Path("/state"))
USERS = {
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAUSERSOWN",
    "AWS_SESSION_TOKEN": "users",
    "AWS_ENDPOINT_URL": "https://elsewhere",
    "AWS_CONFIG_FILE": "/home/user/.aws/config",
    "CDK_DEFAULT_ACCOUNT": "111122223333",
    "LAMBDA_ACCOUNT_CONCURRENCY": "7",
    "LOCALSTACK_HOSTNAME": "elsewhere",
    "MINISTACK_REGION": "eu-west-1",
    "POWERTOOLS_LOG_LEVEL": "DEBUG",
    "ROOMCAST_EVENT_BUS": "production",
}


@pytest.fixture(autouse=True)
def users(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in USERS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setenv("PATH", "/usr/bin")


@pytest.mark.parametrize(
    "seen",
    [environment.for_emulator, environment.for_aws_clients, lambda _: environment.base()],
    ids=["emulator", "aws clients", "edge and bundle"],
)
class TestEveryProcess:
    def test_sees_nothing_of_the_users_aws(self, seen: Seen) -> None:
        values = seen(SETTINGS)

        assert {name for name, value in USERS.items() if values.get(name) == value} == set()
        assert values["AWS_CONFIG_FILE"] == values["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"

    def test_keeps_what_is_not_about_aws(self, seen: Seen) -> None:
        assert seen(SETTINGS)["HTTPS_PROXY"] == "http://proxy.example"

    def test_finds_the_virtual_environments_tools_first(self, seen: Seen) -> None:
        assert seen(SETTINGS)["PATH"] == f"{Path(sys.executable).parent}:/usr/bin"


class TestEmulator:
    def test_has_no_credentials_to_hand_on(self) -> None:
        values = environment.for_emulator(SETTINGS)

        assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"} & set(values)

    def test_enforces_roles_on_the_loopback_only(self) -> None:
        values = environment.for_emulator(SETTINGS)

        assert (values["AUTH"], values["BIND_HOST"], values["GATEWAY_PORT"]) == (
            "true",
            "127.0.0.1",
            "4600",
        )
        assert values["TMPDIR"] == "/state/tmp"

    def test_writes_what_happens_to_a_file_unless_that_is_off(self) -> None:
        values = environment.for_emulator(SETTINGS)
        assert values["ROOMCAST_ACTIVITY_LOG"] == "/state/activity.log"
        quiet = environment.for_emulator(replace(SETTINGS, activity=False))
        assert "ROOMCAST_ACTIVITY_LOG" not in quiet


class TestAwsClients:
    def test_reach_the_emulator(self) -> None:
        values = environment.for_aws_clients(SETTINGS)

        assert values["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4600"
        assert values["CDK_DEFAULT_ACCOUNT"] == "000000000000"
