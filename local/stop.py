"""Stop the service: `python -m local.stop`, with nothing but the standard library.

`make down` and `make clean` call it, also where an installation broke before its end.
"""

import sys
from typing import Final

from local import directory_lock
from local.errors import CannotRun
from local.parts import Parts
from local.settings import Settings

STOP_SECONDS: Final = 15.0
"""How long it waits for a start that it interrupts to clean up after itself."""


def stop(settings: Settings) -> bool:
    """Stop the service, also one that is still being started; tell whether any of it ran.

    down                      up
    stop the emulator
                              notices it, cleans up, lets the directory go
    hold the directory
    stop what was started since, remove the state
    """
    parts = Parts(settings)
    stopped = parts.stop()
    if settings.directory.exists():
        with directory_lock.hold(settings.directory, wait_seconds=STOP_SECONDS):
            stopped = parts.stop() or stopped
            parts.remove_state()
    return stopped


def main() -> None:
    """Stop it and say whether it ran."""
    try:
        print("Stopped." if stop(Settings.from_environment()) else "It was not running.")
    except CannotRun as exc:
        sys.exit(f"\n{exc}")


if __name__ == "__main__":
    main()
