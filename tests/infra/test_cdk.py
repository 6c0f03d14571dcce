"""`make bootstrap`, `diff`, `deploy` and `destroy`, with a program that plays the CDK."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra import cdk, preflight
from infra.cdk import hint, options
from tests.infra.conftest import ROOT

NOT_BOOTSTRAPPED = (
    "Roomcast failed: _ToolkitError: Roomcast: SSM parameter /cdk-bootstrap/hnb659fds/version not "
    "found. Has the environment been bootstrapped? Please run 'cdk bootstrap' (see https://...)"
)
NO_CREDENTIALS = (
    "Unable to resolve AWS account to use. It must be either configured when you define your CDK "
    "Stack, or through the environment"
)

Play = Callable[..., tuple[int, str, str]]


class TestOptions:
    def test_without_a_terminal_nothing_is_asked(self) -> None:
        assert options("deploy", [], terminal=False)[:2] == ["--require-approval", "never"]
        assert options("destroy", [], terminal=False) == ["--force"]

    def test_with_a_terminal_every_change_is_shown_and_asked_for(self) -> None:
        assert options("deploy", [], terminal=True)[:2] == ["--require-approval", "any-change"]
        assert options("destroy", [], terminal=True) == []

    @pytest.mark.parametrize(
        "given", [["--require-approval", "broadening"], ["--require-approval=broadening"]]
    )
    def test_the_users_own_choice_stands(self, given: list[str]) -> None:
        assert "--require-approval" not in options("deploy", given, terminal=False)

    @pytest.mark.parametrize("command", ["bootstrap", "diff", "synth"])
    def test_others_need_none(self, command: str) -> None:
        assert options(command, [], terminal=False) == []


class TestHint:
    def test_an_account_that_was_never_bootstrapped(self) -> None:
        assert "make bootstrap" in hint(NOT_BOOTSTRAPPED.encode())

    def test_no_credentials(self) -> None:
        assert "AWS_PROFILE" in hint(NO_CREDENTIALS.encode())

    def test_another_failure_speaks_for_itself(self) -> None:
        assert hint(b"Roomcast failed: Resource handler returned message: no") == ""


class TestRun:
    @pytest.fixture
    def play(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
    ) -> Play:
        """Run a command without a terminal and with a CDK that prints its arguments."""
        monkeypatch.setattr(preflight, "passes", lambda _settings: True)

        def run(*arguments: str, says: str = "", code: int = 0) -> tuple[int, str, str]:
            fake = tmp_path / "cdk"
            # With a terminal or an open pipe as its stdin, `read` would wait.
            fake.write_text(f'#!/bin/sh\nread x\necho "$@"\necho "{says}" >&2\nexit {code}\n')
            fake.chmod(0o755)
            with pytest.raises(SystemExit) as ended:
                cdk.main(arguments, cdk=fake)
            printed = capfd.readouterr()
            return int(ended.value.code or 0), printed.out, printed.err

        return run

    def test_passes_arguments_and_output_on(self, play: Play) -> None:
        code, out, err = play("diff", "Roomcast", "-c", "page_size=500", says="no differences")
        assert code == 0
        assert out == "diff Roomcast -c page_size=500\n"
        assert err == "no differences\n"

    def test_deploy_does_not_wait_and_offers_the_check(self, play: Play) -> None:
        code, out, err = play("deploy", "--all", "-c", "stack_name=Dev")
        assert code == 0
        assert "--require-approval never" in out
        assert "roomcast doctor --stack Dev" in err

    def test_a_failure_names_the_next_command_and_keeps_its_code(self, play: Play) -> None:
        code, _, err = play("deploy", "--all", says=NOT_BOOTSTRAPPED, code=1)
        assert code == 1
        assert err.rstrip().endswith("Next: make bootstrap")
        assert "doctor" not in err

    def test_destroy_says_what_stays(self, play: Play) -> None:
        assert "registry" in play("destroy", "--all")[2]

    def test_what_would_fail_is_not_begun(
        self, play: Play, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(preflight, "passes", lambda _settings: False)
        with pytest.raises(SystemExit, match="Nothing was deployed"):
            cdk.main(["deploy"], cdk=Path(sys.executable))

    def test_a_bad_setting_is_named_before_anything_runs(self) -> None:
        with pytest.raises(SystemExit, match=r"stack_name='9'"):
            cdk.main(["deploy", "-c", "stack_name=9"], cdk=Path(sys.executable))

    def test_a_missing_cdk_says_what_prepares_it(self, tmp_path: Path) -> None:
        with pytest.raises(SystemExit, match="make bootstrap"):
            cdk.main(["deploy"], cdk=tmp_path / "cdk")


class TestMake:
    @pytest.mark.parametrize(
        ("arguments", "command"),
        [
            (["bootstrap"], "bootstrap"),
            (["deploy"], "deploy --all"),
            (["deploy", "EDGE=0"], "deploy Roomcast"),
            (["deploy", "EDGE=1", "ARGS=-c page_size=500"], "deploy --all -c page_size=500"),
            (["destroy"], "destroy --all"),
            (["destroy", "EDGE=0"], "destroy Roomcast"),
            (["diff"], "diff"),
            (["diff", "EDGE=no"], "diff Roomcast"),
        ],
    )
    def test_runs_the_cdk_of_node_modules(self, arguments: list[str], command: str) -> None:
        made = [flag for stamp in self.STAMPS for flag in ("-o", stamp)]
        done = subprocess.run(
            [shutil.which("make") or "make", "-n", "--no-print-directory", *made, *arguments],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == f"python -m infra.cdk {command}".split()

    STAMPS = (".venv/service.stamp", "node_modules/.stamp")
