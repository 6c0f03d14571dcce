"""The checks, one module for each group, in the order in which they run."""

from typing import Final

from roomcast.cli.doctor.check import Check
from roomcast.cli.doctor.checks import (
    account,
    connecting,
    delivering,
    edge,
    frames,
    keep_alive,
    recovering,
    statistics,
    webhooks,
)

CHECKS: Final[tuple[Check, ...]] = (
    *connecting.CHECKS,
    *frames.CHECKS,
    *delivering.CHECKS,
    *recovering.CHECKS,
    *webhooks.CHECKS,
    *edge.CHECKS,
    *statistics.CHECKS,
    *account.CHECKS,
    *keep_alive.CHECKS,
)
