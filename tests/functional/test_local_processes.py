"""Background processes: found again by another command, and no other ever stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from local import processes
from local.processes import AlreadyRunning, Process

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); time.sleep(60)",
]
PARENT = [
    sys.executable,
    "-c",
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', "
    "'import time; time.sleep(60)']); print('up', child.pid, flush=True); child.wait()",
]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    process = Process("probe", tmp_path / "probe.pid", tmp_path / "probe.log")
    yield process
    process.stop()


def start(process: Process, command: list[str]) -> str:
    """Start it and return its first line."""
    process.start(command, dict(os.environ))
    deadline = time.monotonic() + 10
    while "\n" not in process.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process.log.read_text()


def alive(pid: int) -> bool:
    """Tell whether a process runs."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a child that has ended stays until it is asked for
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone_soon(pid: int) -> bool:
    """Wait up to 5 s for the end of a process; tell whether it came."""
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


class TestStart:
    def test_is_found_again_by_its_file(self, process: Process) -> None:
        start(process, SLEEP)
        again = Process("probe", process.pid_file, process.log)

        assert again.pid() == int(process.pid_file.read_text())
        assert alive(again.pid() or 0)

    def test_second_start_is_refused(self, process: Process) -> None:
        start(process, SLEEP)
        pid = process.pid()

        with pytest.raises(AlreadyRunning):
            process.start(SLEEP, {})
        assert process.pid() == pid

    def test_runs_in_a_session_of_its_own(self, process: Process) -> None:
        start(process, SLEEP)

        assert os.getsid(process.pid() or 0) == process.pid() != os.getsid(0)


class TestStop:
    def test_ends_it_and_forgets_it(self, process: Process) -> None:
        start(process, SLEEP)
        pid = process.pid() or 0

        assert process.stop() is True
        assert not alive(pid)
        assert not process.pid_file.exists()

    def test_ends_what_it_started(self, process: Process) -> None:
        child = int(start(process, PARENT).split()[1])
        process.stop()

        assert gone_soon(child)

    def test_kills_one_that_does_not_end_by_itself(
        self, process: Process, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(processes, "GRACE_SECONDS", 0.2)
        start(process, STUBBORN)
        pid = process.pid() or 0
        process.stop()

        assert not alive(pid)

    def test_does_nothing_when_it_does_not_run(self, process: Process) -> None:
        assert process.stop() is False


class TestDeath:
    def test_is_noticed(self, process: Process) -> None:
        start(process, SLEEP)
        os.kill(process.pid() or 0, signal.SIGKILL)

        deadline = time.monotonic() + 5
        while process.pid() is not None:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def test_whoever_got_the_pid_later_is_left_alone(self, process: Process) -> None:
        stranger = subprocess.Popen(SLEEP, stdout=subprocess.DEVNULL)
        try:
            process.pid_file.write_text(str(stranger.pid))

            assert process.pid() is None
            assert process.stop() is False
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()
