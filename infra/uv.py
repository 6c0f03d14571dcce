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
    found = _find()
    try:
        done = subprocess.run(  # noqa: S603
            [found, "--quiet", *arguments], cwd=ROOT, check=False, capture_output=True, text=True
        )
    except OSError as exc:
        raise UvFailed(f"uv cannot be run: {found}: {exc.strerror}. Is UV set right?") from exc
    if done.returncode:
        raise UvFailed(f"uv {' '.join(arguments[:2])} failed:\n{done.stderr.strip()}")
    return done.stdout


def _find() -> str:
    """Return uv: the variable UV, beside this interpreter, where make puts it, or on the PATH."""
    if named := os.environ.get("UV"):
        return named
    for place in (Path(sys.executable).with_name("uv"), ROOT / ".build/uv/bin/uv"):
        if place.exists():
            return str(place)
    if on_path := shutil.which("uv"):
        return on_path
    raise UvFailed(
        "uv is missing: run `make bundle`, which prepares it, install it "
        "(https://docs.astral.sh/uv/) or set UV"
    )
