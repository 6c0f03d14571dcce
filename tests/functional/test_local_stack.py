"""What `local` tells the CDK, as the CDK takes it."""

import os
import subprocess
from pathlib import Path

from local import stack
from local.settings import ROOT

APP = """#!/bin/sh
echo "$@" > "$(dirname "$0")/given"
echo '{"version": "36.0.0"}' > "$CDK_OUTDIR/manifest.json"
"""


def test_the_app_runs_under_a_path_with_a_space(tmp_path: Path) -> None:
    folder = tmp_path / "my projects"
    folder.mkdir()
    python = folder / "python"
    python.write_text(APP)
    python.chmod(0o755)
    command = stack.app_command(python, folder / "build")
    subprocess.run(
        [ROOT / "node_modules/.bin/cdk", "list", "--app", command],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{ROOT}/.venv/bin:{os.environ['PATH']}"},
        check=False,  # an app without stacks is a failure
    )
    assert (folder / "given").read_text() == f"-m infra.app --build {folder / 'build'}\n"
