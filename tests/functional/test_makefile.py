"""What the Makefile gives to the commands that it runs."""

import os
import subprocess

from local.settings import ROOT

FORBIDDEN = {"PYTHONDONTWRITEBYTECODE": "1"}


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
