"""Faults that are planned in the emulator of the running service: see local/emulator/faults.py."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

Report = list[dict[str, Any]]


class FaultPlan:
    """The faults of one test; those of other tests are for other payloads."""

    def __init__(self, aws_endpoint_url: str) -> None:
        self._url = f"{aws_endpoint_url}/_roomcast/faults"
        self._texts: set[str] = set()

    def add(self, *texts: str, **fault: Any) -> None:
        """Plan a fault for the invocation whose payload contains some texts."""
        self._texts |= set(texts)
        httpx.put(self._url, json=[{"texts": texts, **fault}], timeout=20).raise_for_status()

    def report(self) -> Report:
        """Return what came of the faults, in the order in which they were planned."""
        answer = httpx.get(self._url, timeout=20).raise_for_status()
        return [fault for fault in answer.json() if self._texts & set(fault["texts"])]

    async def until(self, is_over: Callable[[Report], bool], seconds: float) -> Report:
        """Wait until the report is as wanted; return it then, or when the time is up."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while True:
            report = await asyncio.to_thread(self.report)
            if is_over(report) or loop.time() > end:
                return report
            await asyncio.sleep(0.1)
