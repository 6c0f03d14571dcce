"""Bytecode for the bundle, made by a Python of the version that the functions run on.

Functions cannot write where their code is: without bytecode every container compiles again what it
imports, and takes about twice as long to start. Bytecode is of one minor version of Python only.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.uv import UvFailed, uv

PRINT_VERSION = "import sys; print('{}.{}'.format(*sys.version_info), sys.executable)"


class NotCompiled(RuntimeError):
    """A file cannot be compiled by this version of Python; the message is the compiler's."""


def interpreter(version: str) -> Path | None:
    """Return a Python of a minor version such as `3.13`: this one, on the PATH, or one of uv's."""
    for candidate in _candidates(version):
        minor, _, executable = _version_of(candidate).partition(" ")
        if minor == version:
            return Path(executable)
    return None


def compile_all(folder: Path, *, at: str, python: Path) -> None:
    """Write bytecode beside every Python file below `folder`, which functions find at `at`.

    The same sources give the same bytes: no time of change is in them, no path of this machine and
    no order that differs from run to run. Nothing compares them with the sources: these do not
    change after a deployment. Raises `NotCompiled`.
    https://docs.python.org/3/library/compileall.html
    """
    done = subprocess.run(  # noqa: S603
        [
            *(str(python), "-S", "-m", "compileall", "-q", "-j", "1"),
            *("--invalidation-mode", "unchecked-hash"),
            *("-s", str(folder), "-p", at, str(folder)),
        ],
        env={"PYTHONHASHSEED": "0"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise NotCompiled(f"{folder} has Python that {python} does not take:\n{done.stdout}")


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    for folder in os.get_exec_path():
        yield Path(folder) / f"python{version}"
    try:
        managed = uv("python", "find", "--managed-python", "--no-python-downloads", version)
    except UvFailed:
        return
    yield Path(managed.strip())


def _version_of(python: Path) -> str:
    """Return the minor version and the file of an interpreter; "" when it does not run.

    A version manager has files of that name, too: they start the real one, or fail without one.
    """
    try:
        done = subprocess.run(  # noqa: S603
            [str(python), "-S", "-c", PRINT_VERSION], check=False, capture_output=True, text=True
        )
    except OSError:
        return ""
    return done.stdout.strip()
