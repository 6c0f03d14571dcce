"""The steps of a start, with real commands."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from local import steps
from local.steps import Progress, StepFailed, side_by_side
from tests.functional.test_local_processes import gone_soon


def command(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def run(code: str, log: Path) -> None:
    await steps.run("probe", command(code), environment=dict(os.environ), log=log)


class TestRun:
    async def test_keeps_all_output_in_the_log(self, tmp_path: Path) -> None:
        log = tmp_path / "probe.log"
        await run("import sys; print('out', flush=True); print('err', file=sys.stderr)", log)

        assert log.read_text() == "out\nerr\n"

    async def test_failure_names_the_step_its_last_lines_and_the_log(self, tmp_path: Path) -> None:
        log = tmp_path / "probe.log"
        with pytest.raises(StepFailed) as failed:
            await run("for n in range(30): print('line', n)\nraise SystemExit(3)", log)

        message = str(failed.value)
        assert message.startswith("probe: failed with exit code 3\n")
        assert "line 29" in message
        assert "line 9\n" not in message
        assert message.endswith(f"The whole log: {log}")

    async def test_cancelling_ends_the_command_and_its_children(self, tmp_path: Path) -> None:
        log = tmp_path / "probe.log"
        code = (
            "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', "
            "'import time; time.sleep(60)']); print(child.pid, flush=True); child.wait()"
        )
        running = asyncio.create_task(run(code, log))
        async with asyncio.timeout(10):
            while not log.exists() or "\n" not in log.read_text():
                await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

        assert gone_soon(int(log.read_text()))


class TestSideBySide:
    async def test_first_failure_ends_the_others(self) -> None:
        cancelled = asyncio.Event()

        async def endless() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        async def failing() -> None:
            await asyncio.sleep(0.01)
            raise LookupError

        with pytest.raises(LookupError):
            async with side_by_side(endless(), failing()) as tasks:
                await asyncio.gather(*tasks)
        assert cancelled.is_set()


class TestProgress:
    def test_tells_the_seconds(self, capsys: pytest.CaptureFixture[str]) -> None:
        Progress().say("deploy: the stack")

        assert re.fullmatch(r"\[ +0\.0 s\] deploy: the stack\n", capsys.readouterr().out)
