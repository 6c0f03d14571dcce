"""Run a command of the local service: `python -m local dev|up|down|status`."""

import sys

from local.commands import main
from local.errors import CannotRun

try:
    main()
except CannotRun as exc:
    sys.exit(f"\n{exc}")
