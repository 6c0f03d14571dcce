"""The CDK's command line as `make` runs it: `python -m infra.cdk COMMAND [ARGUMENT ...]`.

It is the CDK of node_modules with the same arguments, and besides
    works without a terminal       nothing is asked there: deploy and destroy go ahead
    shows with a terminal          every change, before it is made
    checks before `deploy`         what the account allows (infra/preflight.py)
    names the next command         after a failure that has a known cause, and after `deploy`
"""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from infra import preflight
from infra.command_line import settings_of
from infra.settings import Settings, problems
from infra.uv import ROOT

CDK = ROOT / "node_modules/.bin/cdk"

INTERRUPTED = 130

REMEMBERED = 64 * 1024
"""Bytes of a stream's end in which the cause of a failure is looked for."""

HINTS = (
    (
        rb"cdk bootstrap|been bootstrapped|/cdk-bootstrap/",
        "This account and Region were never prepared for the CDK. Next: make bootstrap",
    ),
    (
        rb"no credentials|Unable to resolve AWS account|[Cc]ould not load credentials|ExpiredToken"
        rb"|security token|InvalidClientTokenId|configure credentials",
        "No AWS credentials that work. Next: set AWS_PROFILE, or log in; "
        "`aws sts get-caller-identity` tells whether they do",
    ),
)
"""What the CDK says, and what to do then."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The exit code of a command and the end of what it said."""

    code: int
    said: bytes


def options(command: str, given: Sequence[str], *, terminal: bool) -> list[str]:
    """Return the options that a command needs beside those that were given."""
    chosen = [each.partition("=")[0] for each in given]
    added: list[str] = []
    if command == "deploy" and "--require-approval" not in chosen:
        added += ["--require-approval", "any-change" if terminal else "never"]
    if command == "deploy" and "--progress" not in chosen:
        added += ["--progress", "events"]  # the bar needs a stderr that nobody reads along
    if command == "destroy" and not terminal and not {"--force", "-f"} & set(chosen):
        added += ["--force"]
    return added


def hint(said: bytes) -> str:
    """Return what to do about a failure with this output; empty for an unknown cause."""
    return next((advice for cause, advice in HINTS if re.search(cause, said)), "")


def run(command: Sequence[str], *, terminal: bool) -> Ended:
    """Run a command, pass on what it says, and remember the end of it.

    Without a terminal nothing can be answered, so that nothing may wait for an answer.
    """
    with subprocess.Popen(  # noqa: S603
        command,
        cwd=ROOT,
        env=_environment(),
        stdin=None if terminal else subprocess.DEVNULL,
        stdout=None if terminal else subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        said = [bytearray(), bytearray()]
        streams = ((process.stdout, sys.stdout, said[0]), (process.stderr, sys.stderr, said[1]))
        readers = [
            threading.Thread(target=_pass_on, args=(source, target.fileno(), end))
            for source, target, end in streams
            if source is not None
        ]
        for reader in readers:
            reader.start()
        code = _wait(process)
        for reader in readers:
            reader.join()
    return Ended(code, bytes(said[0] + said[1]))


def _wait(process: "subprocess.Popen[bytes]") -> int:
    try:
        return process.wait()
    except KeyboardInterrupt:  # the CDK got it too, and ends by itself
        process.wait()
        return INTERRUPTED


def _pass_on(source: IO[bytes], target: int, end: bytearray) -> None:
    while chunk := os.read(source.fileno(), 8192):
        os.write(target, chunk)
        end += chunk
        del end[:-REMEMBERED]


def _environment() -> dict[str, str]:
    """Return this environment with the tools beside this Python first, and colour if it is seen."""
    tools = Path(sys.executable).parent
    path = os.pathsep.join([str(tools), os.environ.get("PATH", os.defpath)])
    colour = {"FORCE_COLOR": "1"} if sys.stderr.isatty() else {}
    return {**os.environ, **colour, "PATH": path}


def after(command: str, settings: Settings) -> str:
    """Return what there is to do after a command that went well."""
    if command == "deploy":
        return (
            "Check it, in about two minutes: "
            f".venv/bin/roomcast doctor --stack {settings.stack_name}"
        )
    if command == "destroy":
        return (
            "What people entered is kept: the registry's table, protected against deletion. "
            "docs/operations.md says how to remove it"
        )
    return ""


def main(arguments: Sequence[str] | None = None, *, cdk: Path = CDK) -> None:
    """Run a command of the CDK and exit with its code."""
    command, *given = sys.argv[1:] if arguments is None else arguments
    if not cdk.exists():
        sys.exit(f"{cdk} is missing: run `make bootstrap`, which prepares the CDK")
    try:
        settings = settings_of(given)
    except ValidationError as exc:
        sys.exit(problems(exc))
    if command == "deploy" and settings.target == "aws" and not preflight.passes(settings):
        sys.exit("Nothing was deployed.")
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    ended = run(
        [str(cdk), command, *given, *options(command, given, terminal=terminal)], terminal=terminal
    )
    advice = hint(ended.said) if ended.code else after(command, settings)
    if advice:
        print(f"\n{advice}", file=sys.stderr, flush=True)
    sys.exit(ended.code)


if __name__ == "__main__":
    main()
