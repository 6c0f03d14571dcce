"""Run inside a worker of MiniStack: forks it, initialised as it is, whenever the emulator asks.

local/emulator/forks.py asks and says why. This file is executed on its own: it imports nothing of
the project, whose folders of the same names would hide what the function's bundle lacks.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Final

STREAMS: Final = (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY))
"""The named pipes of a fork in the order in which both sides open them, and how the fork does."""


def fork_on_request() -> None:
    """Fork for each line of stdin, a directory with the pipes of `STREAMS`; return in the fork.

    The fork's process id is the answer. At the end of stdin the process ends.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no fork becomes a zombie
    while directory := sys.stdin.readline().strip():
        _flush()
        if not (pid := os.fork()):
            _take(Path(directory))
            return
        print(pid, file=sys.__stdout__, flush=True)
    sys.exit(0)


def _flush() -> None:
    """Leave nothing in buffers, which a fork would write a second time."""
    for stream in (sys.__stdout__, sys.stderr):
        if stream:
            stream.flush()


def _take(directory: Path) -> None:
    """Put the pipes in the place of the inherited streams."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor, (name, flags) in enumerate(STREAMS):
        opened = os.open(directory / name, flags)
        os.dup2(opened, descriptor)
        os.close(opened)


if __name__ == "__main__":
    fork_on_request()
