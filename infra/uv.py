"""Run uv, which installs the libraries of the lock file and finds the installed Pythons."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


class UvFailed(RuntimeError):
    """uv is missing or did not do what it was asked for; the message says what to do about it."""


def uv(*arguments: str) -> str:
    """Run uv in the project's folder and return what it prints; raise `UvFailed`."""
    done = subprocess.run(  # noqa: S603
        [_find(), "--quiet", *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise UvFailed(f"uv {' '.join(arguments[:2])} failed:\n{done.stderr.strip()}")
    return done.stdout


def _find() -> str:
    """Return uv: the variable UV, beside this interpreter, or on the PATH."""
    beside = Path(sys.executable).with_name("uv")
    found = os.environ.get("UV") or (str(beside) if beside.exists() else shutil.which("uv"))
    if not found:
        raise UvFailed("uv is missing: install it (https://docs.astral.sh/uv/) or set UV")
    return found
