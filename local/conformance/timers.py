"""The timers of heartbeats that the suites expect, in milliseconds."""

from typing import Final

PING_INTERVAL: Final = 300
PING_TIMEOUT: Final = 200
