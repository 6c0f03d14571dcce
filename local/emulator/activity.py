"""Writes what happens at the service to `activity.log`, a line each (local/emulator/observed.py).

`make dev` shows the file. Without ROOMCAST_ACTIVITY_LOG nothing is observed.
"""

import logging
import os
from collections.abc import Callable, Iterable
from typing import Any, Final

from local.emulator import observed
from local.emulator.patch import wrap

FILE: Final = "ROOMCAST_ACTIVITY_LOG"

_log = logging.getLogger("activity")


def install(worker: type) -> None:
    """Observe the calls of MiniStack's workers, and what functions log."""
    if not (path := os.environ.get(FILE)):
        return
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S"))
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    _log.propagate = False
    wrap(worker, "invoke", observing)
    logging.getLogger("functions").addHandler(FunctionLogs())


def observing(invoke: Any) -> Callable[..., dict[str, Any]]:
    """Wrap the call of a function: its lines are written."""

    def invoked(worker: Any, event: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        write(lambda: observed.of_event(event))
        result: dict[str, Any] = invoke(worker, event, *args, **kwargs)
        write(lambda: observed.of_call(event, result))
        return result

    return invoked


class FunctionLogs(logging.Handler):
    """Takes the lines that functions have logged, as `workers.read_log` passes them on."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a delivery or of something that went wrong."""
        if record.levelno == logging.INFO and isinstance(record.args, tuple):
            text = str(record.args[-1])
            write(lambda: observed.of_log(text))


def write(lines: Callable[[], Iterable[str]]) -> None:
    """Write lines; what cannot be read is told and never hinders the function's answer."""
    try:
        for line in lines():
            _log.info(line)
    except Exception:
        logging.getLogger(__name__).exception("a call could not be observed")
