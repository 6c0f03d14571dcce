"""The dashboard's page while its pictures are taken."""

import asyncio
import time
from pathlib import Path
from typing import Any, Final, Literal

from tests.e2e.program import Program

WIDTH: Final = 1280
HEIGHT: Final = 800
SCALE: Final = 1.5
"""Pixels of a picture for one of the page: sharp, and still small."""

RESTS_FOR: Final = 2.0
"""Seconds without a change, after which none is expected."""

RESTS_WITHIN: Final = 60.0
CHECKED_EVERY: Final = 0.2


class Page:
    """A page of the browser that `browser` drives; raises `TimeoutError` for what never is."""

    def __init__(self, browser: Program) -> None:
        self._browser = browser

    async def open(self, url: str) -> None:
        """Open an address in a new window."""
        await self._do(open=url, width=WIDTH, height=HEIGHT, scale=SCALE)

    async def click(self, selector: str) -> None:
        """Click an element."""
        await self._do(click=selector)

    async def sees(self, selector: str, text: str) -> None:
        """Wait until an element has the text."""
        self._browser.tell(see=selector, text=text)
        await self._browser.hear("seen")

    async def rests(self) -> None:
        """Wait until the page's text has been the same for a while."""
        async with asyncio.timeout(RESTS_WITHIN):
            seen, since = "", time.monotonic()
            while time.monotonic() - since < RESTS_FOR:
                await asyncio.sleep(CHECKED_EVERY)
                if (shown := await self._ask("document.body.innerText")) != seen:
                    seen, since = shown, time.monotonic()

    async def take(self, file: Path, scheme: Literal["light", "dark"]) -> None:
        """Write what the window shows, in this colour scheme, as WebP without loss."""
        await self._do(scheme=scheme)
        await self._do(shot=str(file))

    async def _do(self, **what: Any) -> None:
        self._browser.tell(**what)
        await self._browser.hear("done")

    async def _ask(self, expression: str) -> Any:
        self._browser.tell(ask=expression)
        return await self._browser.hear("answer")
