"""Kills workers of `broadcast` in the middle of whatever they do, as a failing host would."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

FUNCTION = "Broadcast"


async def kill_workers(endpoints: dict[str, str], pause: float, dice: random.Random) -> None:
    """Kill one worker after the other, `pause` seconds apart on average, until cancelled."""
    killed = 0
    try:
        while True:
            await asyncio.sleep(dice.expovariate(1 / pause))
            found = await asyncio.to_thread(lambda: list(workers(endpoints["aws_endpoint_url"])))
            if found:
                with suppress(ProcessLookupError):
                    os.kill(dice.choice(found), signal.SIGKILL)
                    killed += 1
    finally:
        sys.stdout.write(f"{killed} workers were killed\n")


def workers(aws_endpoint_url: str) -> Iterator[int]:
    """Yield the processes in which this service's emulator runs the function."""
    own = f"AWS_ENDPOINT_URL={aws_endpoint_url}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        names = [each for each in variables if each.startswith(b"AWS_LAMBDA_FUNCTION_NAME=")]
        if own in variables and any(FUNCTION.encode() in name for name in names):
            yield int(process.name)
