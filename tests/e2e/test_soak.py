"""`make soak`, for a few seconds: that it runs, and what it says."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.service import ROOT
from tests.e2e.test_client import Endpoints


def test_nothing_is_lost_in_a_short_one(endpoints: Endpoints, tmp_path: Path) -> None:
    file = tmp_path / "endpoints.json"
    file.write_text(json.dumps(endpoints))
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--minutes", "0.15", "--clients", "8"],
        cwd=ROOT,
        env={**os.environ, "ROOMCAST_ENDPOINTS": str(file)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " deliveries were promised; rooms recovered: " in done.stdout
    assert done.stdout.endswith("\n0 problems\n")
