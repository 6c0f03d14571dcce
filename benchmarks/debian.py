"""The stub's programs: nginx with its echo module, and wrk; Debian has them all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.machine import CannotMeasure
from benchmarks.programs import run, say, tool

PROGRAMS = {"nginx": "nginx-light", "wrk": "wrk", "openssl": "openssl"}
"""Programs and the packages that they are in."""

ECHO_PACKAGE = "libnginx-mod-http-echo"
ECHO_MODULE = Path("/usr/lib/nginx/modules/ngx_http_echo_module.so")

NO_SERVICES = Path("/usr/sbin/policy-rc.d")
"""Debian asks this script before it starts what it has installed; 101 means no.

https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
"""


def missing() -> list[str]:
    """Return the packages of what the stub needs and does not find."""
    packages = [package for program, package in PROGRAMS.items() if tool(program) is None]
    return packages if ECHO_MODULE.exists() else [*packages, ECHO_PACKAGE]


def install() -> None:
    """Install what is missing, and nothing newer of what is there; raise `CannotMeasure` if not.

    nginx is not left running as a service: it would listen on every interface.
    """
    packages = missing()
    if not packages:
        return
    if os.geteuid() != 0 or tool("apt-get") is None:
        raise CannotMeasure(
            "nginx, its echo module and wrk make the stub, not all of them are here. On Debian: "
            f"apt-get install --no-install-recommends {' '.join(packages)}"
        )
    say(f"Installing {', '.join(packages)} ...")
    options = ("--quiet=2", "--yes", "--no-upgrade", "--no-install-recommends")
    with _no_services():
        run(["apt-get", "update", "--quiet=2"])
        run(["apt-get", "install", *options, *packages], env={"DEBIAN_FRONTEND": "noninteractive"})
    if missing():
        raise CannotMeasure(f"installed, but still not found: {', '.join(missing())}")


@contextmanager
def _no_services() -> Iterator[None]:
    """Have no service started by the packages that are installed meanwhile."""
    if NO_SERVICES.exists():  # the machine's own rule
        yield
        return
    NO_SERVICES.write_text("#!/bin/sh\nexit 101\n")
    NO_SERVICES.chmod(0o755)
    try:
        yield
    finally:
        NO_SERVICES.unlink()
