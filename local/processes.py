"""Long-running processes: started in the background, found again and stopped by another command.

A process holds a lock on its pid file for as long as it lives, because it inherits the open file.
So whoever finds the file locked knows that its pid is that of our process and not of one that got
the number later, and the lock goes with the process however that ends.
"""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from local.errors import CannotRun
from local.settings import ROOT

GRACE_SECONDS: Final = 5.0
"""How long a process has to stop by itself."""


class AlreadyRunning(CannotRun):
    """The process that was to be started runs already."""


@dataclass(frozen=True, slots=True)
class Process:
    """One background process of the local service, known by its pid file and its log."""

    name: str
    pid_file: Path
    log: Path

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it in a session of its own, out of reach of the terminal's Ctrl-C."""
        with self.pid_file.open("a+") as file, self.log.open("w") as log:
            if not _lock(file):
                raise AlreadyRunning(f"{self.name} runs already")
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[file.fileno()],
            )
            file.truncate(0)
            file.write(str(child.pid))

    def pid(self) -> int | None:
        """Return its pid while it runs, else None."""
        with suppress(FileNotFoundError), self.pid_file.open("r+") as file:
            if not _lock(file):
                return int(file.read() or 0) or None
        return None

    def stop(self) -> bool:
        """Stop it and what it started; tell whether it ran. Returns once it is gone."""
        pid = self.pid()
        if pid is not None:
            _signal_group(pid, signal.SIGTERM)
            if not self._gone_within(GRACE_SECONDS):
                _signal_group(pid, signal.SIGKILL)
                self._gone_within(GRACE_SECONDS)
        self.pid_file.unlink(missing_ok=True)
        return pid is not None

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _signal_group(pid: int, number: signal.Signals) -> None:
    # Its pid is its group's number too: it was started as the leader of a session.
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
