"""`roomcast doctor` against the deployed service."""

import json
import os
import subprocess
import sys
from pathlib import Path

from roomcast.cli.doctor.checks import CHECKS
from tests.e2e.test_client import Endpoints

SKIPPED_LOCALLY: set[str] = set()


def test_finds_nothing_wrong(endpoints: Endpoints, tmp_path: Path) -> None:
    given = tmp_path / "endpoints.json"
    given.write_text(json.dumps(endpoints))
    done = subprocess.run(
        [sys.executable, "-m", "roomcast", "doctor", "--json"],
        env={**os.environ, "ROOMCAST_ENDPOINTS": str(given)},
        check=False,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert "Traceback" not in done.stderr
    report = json.loads(done.stdout)
    failed = [check for check in report["checks"] if check["result"] == "failed"]
    assert failed == []
    assert done.returncode == report["exit_code"] == 0
    skipped = {check["check"] for check in report["checks"] if check["result"] == "skipped"}
    assert skipped == SKIPPED_LOCALLY
    assert len(report["checks"]) == sum(not check.takes_long for check in CHECKS)
    for secret in ("jwt_secret", "github_webhook_secret", "demo_token", "admin_token"):
        assert endpoints[secret] not in done.stdout + done.stderr
