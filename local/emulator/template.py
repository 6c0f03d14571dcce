"""Run inside a worker of MiniStack: forks it, initialised as it is, whenever the emulator asks.

local/emulator/forks.py asks and says why. This file is executed on its own: it imports nothing of
the project, whose folders of the same names would hide what the function's bundle lacks.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Final

STREAMS: Final = (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY))
"""The named pipes of a fork in the order of its descriptors, and how it opens them."""


def fork_on_request() -> None:
    """Fork for each line of stdin; return in the fork.

    A line is `{"pipes": "/tmp/x", "environment": {"AWS_ACCESS_KEY_ID": "ASIA…"}}`: a directory with
    the pipes of `STREAMS`, whose other ends are open, and the fork's own variables. The fork's
    process id is the answer; the pipes are open then, and their names are not needed any more. At
    the end of stdin the process ends.

    A function that has begun threads while it was imported is refused: on AWS it has them in every
    environment, here no fork would.
    """
    if begun := threading.active_count() - 1:
        message = f"{begun} threads were begun while the function was imported; no fork has them"
        print(message, file=sys.stderr, flush=True)
        os._exit(1)  # an exit of Python's would wait for the threads
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no fork becomes a zombie
    while line := sys.stdin.readline().strip():
        request = json.loads(line)
        pipes = [os.open(Path(request["pipes"]) / name, flags) for name, flags in STREAMS]
        _flush()
        pid = os.fork()
        if not pid:
            _become(pipes, request["environment"])
            return
        for pipe in pipes:
            os.close(pipe)
        print(pid, file=sys.__stdout__, flush=True)
    sys.exit(0)


def _flush() -> None:
    """Leave nothing in buffers, which a fork would write a second time."""
    for stream in (sys.__stdout__, sys.stderr):
        if stream:
            stream.flush()


def _become(pipes: list[int], environment: dict[str, str]) -> None:
    """Put the pipes in the place of the inherited streams, and take the variables."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor, pipe in enumerate(pipes):
        os.dup2(pipe, descriptor)
        os.close(pipe)
    os.environ.update(environment)


if __name__ == "__main__":
    fork_on_request()
