"""Programs that a benchmark runs: pinned to a core, in an environment of their own."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.machine import BENCH, PEERS, ROOT, CannotMeasure

Command = Sequence[object]
"""A program and its arguments; each is written as text."""

KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
"""Of the shell's environment; no AWS_* variable of its own reaches a measurement."""


def say(line: str = "") -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def alone() -> Iterator[None]:
    """Wait for other runs in this directory to end: two at a time would measure each other."""
    BENCH.mkdir(exist_ok=True)
    with (BENCH / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another run is under way here: waiting for its end ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def tool(name: str) -> str | None:
    """Return the path of an installed program; those of the administrator are found too."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return what a measured program sees: little of the shell's, and `more`."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", **more}


def pinned(command: Command, core: int | None) -> list[str]:
    """Return the command with the core that it is to run on."""
    words = [str(word) for word in command]
    taskset = tool("taskset")
    if core is None or taskset is None:
        return words
    return [taskset, "--cpu-list", str(core), *words]


def start(
    command: Command, *, core: int | None = None, env: Mapping[str, str] | None = None, **more: Any
) -> "subprocess.Popen[str]":
    """Start a program; whoever starts it ends it."""
    return subprocess.Popen(  # noqa: S603
        pinned(command, core), cwd=ROOT, env=environment(env or {}), text=True, **more
    )


def run(command: Command, *, core: int | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a program to its end, return what it printed; raise `CannotMeasure` when it fails."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start(command, core=core, env=env, **pipes) as program:
        printed, complaints = program.communicate()
    if program.returncode:
        words = " ".join(map(str, command))
        raise CannotMeasure(f"{words[:200]} ended with {program.returncode}\n{complaints[-3000:]}")
    return printed


def run_python(
    module: str,
    parameters: Mapping[str, Any],
    *,
    python: str | Path = sys.executable,
    core: int | None = None,
    env: Mapping[str, str] | None = None,
) -> Any:
    """Run a module of this package in a fresh process; return the JSON of its last line."""
    printed = run([python, "-m", module, json.dumps(parameters)], core=core, env=env)
    try:
        return json.loads(printed.splitlines()[-1])
    except (IndexError, ValueError) as exc:
        raise CannotMeasure(f"{module}: expected a line of JSON, got {printed[-500:]!r}") from exc


def peers_python() -> Path:
    """Return the Python of `.bench/venv`, in which the peers are; make it when peers.txt is new."""
    wanted = PEERS.read_text()
    folder = BENCH / "venv"
    python, stamp = folder / "bin/python", folder / "peers.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        say("Preparing .bench/venv: aiobotocore, aiohttp, uvloop, pycurl ...")
        run([sys.executable, "-m", "venv", "--clear", folder])
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--requirement", PEERS])
        stamp.write_text(wanted)
    return python
