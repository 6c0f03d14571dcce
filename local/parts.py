"""The processes of the service and their files: whether they run, answer, and end."""

import http.client
import shutil
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from local import started
from local.processes import Process
from local.settings import Settings

ANSWER_SECONDS: Final = 5.0
"""How long a part may take to answer, on a busy machine."""

_AGAIN: Final = "Run `make down`, then start it again"
_ELSEWHERE: Final = "choose another directory with ROOMCAST_LOCAL_DIR"


class Parts:
    """The emulator and the edge of a directory; this needs the standard library only."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.emulator = self._process("emulator", "aws")
        self.edge = self._process("edge", "edge")
        self.demo = self._process("demo", "demo")

    @property
    def scratch(self) -> Path:
        """The folder of the emulator's own files."""
        return self._settings.directory / "tmp"

    def running(self) -> bool:
        """Tell whether any part of it runs."""
        return any(process.pid() is not None for process in (self.emulator, self.edge))

    def complete(self) -> bool:
        """Tell whether its start has ended and it runs: the endpoints are written last."""
        return self.running() and self._settings.endpoints_file.exists()

    def problem(self) -> str:
        """Return why a started service is not the one that is asked for, and what to do.

        A part has ended, a part does not answer, or the settings are others. Empty when all is
        well.
        """
        settings = self._settings
        for process in (self.emulator, self.edge):
            if process.pid() is None:
                return f"its {process.name} has ended by itself. {_AGAIN} ({process.log} has why)"
        if others := started.differences(settings):
            return f"it runs with other settings: {'; '.join(others)}. {_AGAIN}, or {_ELSEWHERE}"
        urls = (f"{settings.aws_url}/_ministack/ready", f"{settings.site_url}/")
        for process, url in zip((self.emulator, self.edge), urls, strict=True):
            if not answers(url):
                return f"its {process.name} does not answer. {_AGAIN} ({process.log} has why)"
        return ""

    def stop(self) -> bool:
        """Stop what runs of it; tell whether any of it ran."""
        stopped = [process.stop() for process in (self.demo, self.edge, self.emulator)]
        return any(stopped)

    def remove_state(self) -> None:
        """Remove the endpoints and the emulator's files, but not the logs."""
        self._settings.endpoints_file.unlink(missing_ok=True)
        (self._settings.directory / started.FILE).unlink(missing_ok=True)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _process(self, name: str, file: str) -> Process:
        return Process(name, self._settings.directory / f"{file}.pid", self._settings.log(file))


def answers(url: str) -> bool:
    """Tell whether a GET of an address on this machine is answered with 200."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", address.path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
