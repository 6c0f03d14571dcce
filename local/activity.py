"""Shows what happens at the service in the terminal of `make dev`, coloured only on a terminal."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

INTERVAL_SECONDS: Final = 0.1

TIME_WIDTH: Final = len("12:34:56  ")

COLOURS: Final = {
    "connect": 36,
    "subscribe": 36,
    "publish": 35,
    "webhook": 35,
    "deliver": 32,
    "refused": 31,
    "problem": 31,
    "leave": 2,
}
"""The ANSI code of each kind of line.

https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters
"""


async def show(file: Path, say: Callable[[str], None] = print) -> None:
    """Print the lines of a file as they are written, from its beginning, without end."""
    colours = coloured(terminal=sys.stdout.isatty())
    while not file.exists():
        await asyncio.sleep(INTERVAL_SECONDS)
    with file.open(encoding="utf-8", errors="replace") as lines:
        started = ""
        while True:
            started += lines.readline()
            if started.endswith("\n"):
                say(painted(started.rstrip("\n"), colours=colours))
                started = ""
            else:
                await asyncio.sleep(INTERVAL_SECONDS)


def coloured(*, terminal: bool, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether lines have colours: on a terminal, without NO_COLOR (https://no-color.org)."""
    return terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def painted(line: str, *, colours: bool) -> str:
    """Return a line with the colour of its kind."""
    words = line[TIME_WIDTH:].split(maxsplit=1)
    code = COLOURS.get(words[0]) if words else None
    if not colours or code is None:
        return line
    kind = words[0]
    return line.replace(kind, f"\x1b[{code}m{kind}\x1b[0m", 1)
