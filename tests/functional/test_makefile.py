"""What the Makefile gives to the commands that it runs."""

import os
import subprocess

from local.settings import ROOT

FORBIDDEN = {"PYTHONDONTWRITEBYTECODE": "1"}
TESTS = ROOT / "tests"


def test_commands_keep_what_they_have_compiled_wherever_they_run() -> None:
    shown = subprocess.run(
        ["make", "--eval", "shown: ; @env", "shown"],
        cwd=ROOT,
        env={**os.environ, **FORBIDDEN},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "UV_PYTHON_DOWNLOADS=never" in shown.stdout
    assert not [name for name in FORBIDDEN if name in shown.stdout]


def test_make_test_runs_the_tests_of_every_folder() -> None:
    shown = subprocess.run(
        ["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    folders = {path.relative_to(TESTS).parts[0] for path in TESTS.rglob("test_*.py")}
    assert {"unit", "functional", "infra", "e2e"} <= folders
    words = shown.stdout.split()
    assert [folder for folder in folders if f"tests/{folder}" not in words] == []
    assert "npm --prefix web test" in shown.stdout


def test_what_fails_beside_other_tests_fails_make_and_is_shown() -> None:
    failing = "failing: ; @{ echo reason; false; } $(PRINT)"
    done = subprocess.run(
        ["make", "--eval", failing, "BESIDE=1", "failing"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    (ROOT / ".build/failing.txt").unlink()
    assert done.returncode != 0
    assert "reason" in done.stdout
