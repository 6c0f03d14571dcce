"""Waiting until what was started answers, and noticing when it ends."""

import asyncio
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from local.processes import Process
from local.steps import StepFailed

PATIENCE_SECONDS: Final = 30.0
INTERVAL_SECONDS: Final = 0.1


async def until_answers(url: str, *, log: Path) -> None:
    """Return once `url` answers 200; raise `StepFailed` with its last answer when it does not."""
    answer = "nothing"
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), ClientSession() as client:
            while True:
                answer = await _get(client, url)
                if not answer:
                    return
                await asyncio.sleep(INTERVAL_SECONDS)
    except TimeoutError as exc:
        raise StepFailed(url, f"answered {answer}", log) from exc


async def until_gone(*processes: Process) -> None:
    """Raise `StepFailed` as soon as one of these processes has ended."""
    while True:
        for process in processes:
            if process.pid() is None:
                raise StepFailed(process.name, "it ended by itself", process.log)
        await asyncio.sleep(INTERVAL_SECONDS)


async def _get(client: ClientSession, url: str) -> str:
    """Return what is wrong with the answer, nothing when it is 200."""
    try:
        async with client.get(url, timeout=ClientTimeout(total=10)) as response:
            text = await response.text()
            return "" if response.ok else f"{response.status} {text}"
    except (ClientError, TimeoutError) as exc:
        return f"not: {exc}"
