"""One headless Chromium for many pages: starting it takes longer than most pages are open."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.program import CLIENTS


class NoChromium(Exception):
    """The machine has no Chromium."""

    def __init__(self) -> None:
        super().__init__("Chromium is missing: apt-get install chromium")


@contextmanager
def running_chromium() -> Iterator[str]:
    """Run it; yield the address at which the clients reach it, each with a profile of its own.

    Raises `NoChromium`.
    """
    executable = shutil.which("chromium")
    if executable is None:
        raise NoChromium
    command = ("node", str(CLIENTS / "chromium.mjs"), executable)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
