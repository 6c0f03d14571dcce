"""One command at a time starts, runs or stops the service of a directory.

The lock is on the directory itself and ends with the process that holds it, however that ends:
no file is left behind, and a killed command blocks nobody.
https://man7.org/linux/man-pages/man2/flock.2.html
"""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from local.errors import CannotRun

INTERVAL_SECONDS: Final = 0.05


class DirectoryBusy(CannotRun):
    """Another command holds the directory."""


@contextmanager
def hold(directory: Path, *, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the directory while the block runs; create the directory when it is missing.

    Raises `DirectoryBusy` when another command still holds it after `wait_seconds`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY)  # children do not inherit it
    try:
        _lock(descriptor, directory, time.monotonic() + wait_seconds)
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def turn(directory: Path, *, wait_seconds: float) -> AsyncIterator[None]:
    """Wait for a directory that several services share, then hold it while the block runs.

    Raises `DirectoryBusy` when another command still holds it after `wait_seconds`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY)
    deadline = time.monotonic() + wait_seconds
    try:
        while not _locked(descriptor):
            if time.monotonic() >= deadline:
                raise DirectoryBusy(
                    f"another start has held {directory} for {wait_seconds:.0f} s: end it first"
                )
            await asyncio.sleep(INTERVAL_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, directory: Path, deadline: float) -> None:
    while not _locked(descriptor):
        if time.monotonic() >= deadline:
            raise DirectoryBusy(
                f"another command is starting or stopping the service of {directory}: "
                "wait until it has ended, or choose another directory with ROOMCAST_LOCAL_DIR"
            )
        time.sleep(INTERVAL_SECONDS)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
