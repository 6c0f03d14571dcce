"""One headless Chromium for many pages: starting it takes longer than most pages are open."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.program import CLIENTS


class NoChromium(Exception):
    """The machine has no Chromium, or one that does not start."""


@contextmanager
def running_chromium() -> Iterator[str]:
    """Run it; yield the address at which the clients reach it, each with a profile of its own.

    Raises `NoChromium`.
    """
    executable = shutil.which("chromium")
    if executable is None:
        raise NoChromium("Chromium is missing: apt-get install chromium")
    command = ("node", str(CLIENTS / "chromium.mjs"), executable)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            address = process.stdout.readline().strip()
            if not address:
                raise NoChromium("Chromium did not start: stderr says why")
            yield address
        finally:
            process.stdin.close()
