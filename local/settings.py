"""Where and how the local service runs: its ports, its directory, and settings of the stack."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Self

from local.errors import CannotRun

ROOT: Final = Path(__file__).resolve().parents[1]
"""The project's directory: every command runs in it."""

REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"
LAST_PORT: Final = 65535
MOST_WORKERS: Final = 100


VARIABLES: Final = (
    *("ROOMCAST_PORT", "ROOMCAST_AWS_PORT", "ROOMCAST_LOCAL_DIR", "ROOMCAST_SETTINGS"),
    *("ROOMCAST_FUNCTION_WORKERS", "ROOMCAST_ACTIVITY", "ROOMCAST_DEMO"),
)
"""What the local service reads from the environment; docs/settings.md has the same table."""

OTHERS: Final = frozenset({"ROOMCAST_STACK"})
"""Variables that others read, and whose names are alike."""

ALIKE: Final = 0.88
"""How much of a variable's name is right when a slip has changed it; 1 is all of it."""


class InvalidSetting(CannotRun, ValueError):
    """A setting of the local service has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The ports of the edge and of the emulator on 127.0.0.1, and the directory of state and logs.

    `context` holds settings of the stack as `name=value`, as `cdk deploy -c` takes them; `workers`
    bounds the processes that run one function side by side; `activity` tells whether what happens
    is written to `activity.log`, which `make dev` shows; `demo` whether `make dev` publishes the
    demo's events.
    """

    port: int
    aws_port: int
    directory: Path
    context: tuple[str, ...] = ()
    workers: int = 4
    activity: bool = True
    demo: bool = True

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings, or take their defaults; raise `InvalidSetting`.

        ROOMCAST_PORT (8000), ROOMCAST_AWS_PORT (4566), ROOMCAST_LOCAL_DIR (.local),
        ROOMCAST_FUNCTION_WORKERS (4), ROOMCAST_ACTIVITY (on), ROOMCAST_DEMO (on), and
        ROOMCAST_SETTINGS: `name=value`, separated by spaces.
        """
        _check_names(environment)
        return cls(
            port=_number(environment, "ROOMCAST_PORT", 8000, LAST_PORT),
            aws_port=_number(environment, "ROOMCAST_AWS_PORT", 4566, LAST_PORT),
            directory=ROOT / environment.get("ROOMCAST_LOCAL_DIR", ".local"),
            context=_context(environment.get("ROOMCAST_SETTINGS", "")),
            workers=_number(environment, "ROOMCAST_FUNCTION_WORKERS", 4, MOST_WORKERS),
            activity=_switch(environment, "ROOMCAST_ACTIVITY"),
            demo=_switch(environment, "ROOMCAST_DEMO"),
        )

    @property
    def site_url(self) -> str:
        """The edge's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def aws_url(self) -> str:
        """The emulator's address, for boto3 and the CDK: `AWS_ENDPOINT_URL`."""
        return f"http://127.0.0.1:{self.aws_port}"

    @property
    def endpoints_file(self) -> Path:
        """What tells clients where everything is: `endpoints.json`."""
        return self.directory / "endpoints.json"

    def log(self, name: str) -> Path:
        """The log of a step or of a process."""
        return self.directory / f"{name}.log"


def _number(environment: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environment.get(name, "") or str(default)
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= most):
        raise InvalidSetting(f"{name}: expected a number from 1 to {most}, got {text!r}")
    return int(text)


def _switch(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "") or "on"
    if text not in ("on", "1", "off", "0"):
        raise InvalidSetting(f"{name}: expected on or off, got {text!r}")
    return text in ("on", "1")


def _check_names(environment: Mapping[str, str]) -> None:
    """Raise `InvalidSetting` for a variable whose name is one of ours but for a slip."""
    for name in environment:
        if not name.startswith("ROOMCAST_") or name in VARIABLES or name in OTHERS:
            continue
        if nearest := get_close_matches(name, VARIABLES, n=1, cutoff=ALIKE):
            raise InvalidSetting(f"{name}: no such setting, did you mean {nearest[0]}?")


def _context(text: str) -> tuple[str, ...]:
    """Return settings of the stack, each `name=value`; synthesis checks names and values."""
    given = tuple(text.split())
    for each in given:
        if not re.match(r"[^=]+=", each):
            raise InvalidSetting(f"ROOMCAST_SETTINGS: expected name=value, got {each!r}")
    return given
