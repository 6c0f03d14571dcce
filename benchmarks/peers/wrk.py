"""wrk, one thread, its posts signed beforehand: the limit. It does not verify certificates.

Its own figures count the handshakes in. So its posts are counted by the stub and its CPU time by
the kernel, over the same warmed-up time as for all the others.
"""

import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import CannotMeasure, peak_rss_mb
from benchmarks.peers.load import Parameters
from benchmarks.peers.presigned import request_of
from benchmarks.programs import start, tool
from benchmarks.stub import Stub
from benchmarks.traffic import connection_ids

TICKS = os.sysconf("SC_CLK_TCK")


def measure(parameters: Parameters, stub: Stub, *, core: int) -> dict[str, Any]:
    """Run wrk against the stub; return what other senders report of themselves."""
    signed = stub.authority.with_name("requests.txt")
    with signed.open("wb") as file:
        for connection_id in connection_ids(parameters.ids):
            request = request_of(parameters.url, connection_id)
            file.write(b"%d\n%b" % (len(request), request))
    seconds = int(parameters.warmup + parameters.seconds) + 1
    script = Path(__file__).with_name("wrk.lua")
    connections = parameters.in_flight
    command = [tool("wrk") or "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script]
    with start(
        [*command, parameters.url],
        core=core,
        env={"BENCH_REQUESTS": str(signed)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as wrk:
        time.sleep(parameters.warmup)
        posts, wall, cpu = stub.requests(), time.monotonic(), _cpu_seconds(wrk.pid)
        time.sleep(parameters.seconds)
        posts = stub.requests() - posts - 1
        wall, cpu = time.monotonic() - wall, _cpu_seconds(wrk.pid) - cpu
        peak = peak_rss_mb(wrk.pid)
        printed, _ = wrk.communicate()
    if wrk.returncode or re.search("Non-2xx|Socket errors", printed):
        raise CannotMeasure(f"wrk:\n{printed}")
    return {
        "posts_per_s": posts / wall,
        "cpu_us_per_post": cpu / posts * 1e6,
        "cpu_share": cpu / wall,
        "peak_rss_mb": peak,
    }


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
