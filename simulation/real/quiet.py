"""How much of the machine others used meanwhile: what was measured on a busy one does not count."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1

IDLE = frozenset({3, 4})
"""Columns of /proc/stat: idle, and waiting for a disk. https://docs.kernel.org/filesystems/proc.html"""


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds: of the clock, of all cores that were busy, of this process and another one."""

    wall: float
    busy: float
    ours: float

    @classmethod
    def now(cls, pid: int) -> "Usage":
        """Read the clocks, `pid`'s too."""
        columns = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        busy = sum(int(ticks) for place, ticks in enumerate(columns) if place not in IDLE) * TICK
        other = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
        return cls(time.monotonic(), busy, time.process_time() + other)

    def others_since(self, before: "Usage", *, workers: float = 0.0) -> float:
        """Return the part of all cores that others used; `workers` took so many seconds."""
        used = self.busy - before.busy - (self.ours - before.ours) - workers
        return max(0.0, used) / (self.wall - before.wall) / CORES


def go_first(*processes: int) -> None:
    """Let processes, or this one, go before others on the machine where that is allowed (root)."""
    for process in processes or (0,):
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, process, -20)
