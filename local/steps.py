"""The steps of a start: commands that run to their end, with their output in a log of their own."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from local.errors import CannotRun
from local.settings import ROOT

LAST_LINES: Final = 20


class StepFailed(CannotRun):
    """A step of the start failed; the message ends with the last lines of its log."""

    def __init__(self, step: str, problem: str, log: Path) -> None:
        self.step = step
        self.log = log
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        tail = "".join(f"    {line}\n" for line in lines[-LAST_LINES:])
        super().__init__(f"{step}: {problem}\n{tail}  The whole log: {log}")


class Progress:
    """Prints what is being done and how long it has taken until then."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, what: str) -> None:
        """Print one line with the seconds since the beginning."""
        print(f"[{time.monotonic() - self._began:5.1f} s] {what}", flush=True)


async def run(
    step: str, command: Sequence[str], *, environment: Mapping[str, str], log: Path
) -> None:
    """Run a command to its end in the project's directory; raise `StepFailed` if it fails.

    When cancelled it ends the command, with everything that the command started.
    """
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = await process.wait()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if code != 0:
        raise StepFailed(step, f"failed with exit code {code}", log)


@asynccontextmanager
async def side_by_side(
    *work: Coroutine[Any, Any, Any],
) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Run coroutines as tasks while the block runs; cancel those that its end leaves over."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
