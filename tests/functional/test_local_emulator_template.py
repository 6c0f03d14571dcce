"""What the emulator's execution environments are forked from, as a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from local.emulator import forks, template
from local.emulator.patch import UnknownMiniStack

SAYS_WHO_IT_IS = f"""
import os, runpy
runpy.run_path({template.__file__!r}, run_name="__main__")
print(os.environ["AWS_ACCESS_KEY_ID"], flush=True)
"""

HAS_A_THREAD = f"""
import runpy, threading
threading.Thread(target=threading.Event().wait, daemon=DAEMON).start()
runpy.run_path({template.__file__!r}, run_name="__main__")
"""


def initialised(program: str) -> subprocess.Popen[str]:
    """Start an environment that waits for requests to fork."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", program]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def test_a_worker_that_reads_otherwise_is_unknown() -> None:
    with pytest.raises(UnknownMiniStack, match="reads its invocations otherwise"):
        forks.with_hook("while True: pass")


def test_each_has_credentials_of_its_own(tmp_path: Path) -> None:
    with initialised(SAYS_WHO_IT_IS) as process:
        assert process.stdin
        assert process.stdout
        for key in ("ASIA1", "ASIA2"):
            pipes = tmp_path / key
            pipes.mkdir()
            stdin, stdout, stderr = forks.open_streams(pipes)
            request = {"pipes": str(pipes), "environment": {"AWS_ACCESS_KEY_ID": key}}
            print(json.dumps(request), file=process.stdin, flush=True)
            assert int(process.stdout.readline())
            with stdin, stdout, stderr:
                assert stdout.read() == f"{key}\n"
        process.stdin.close()
        assert process.wait(10) == 0


@pytest.mark.parametrize("daemon", [True, False])
def test_a_function_that_began_threads_is_refused(daemon: bool) -> None:
    process = initialised(HAS_A_THREAD.replace("DAEMON", str(daemon)))
    done = process.communicate("{}\n", timeout=10)
    assert done == ("", "1 threads were begun while the function was imported; no fork has them\n")
