"""What `--help` imports: who asks how a command is called does not wait for boto3."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from roomcast.cli import COMMANDS, main
from roomcast.cli.event_types import PUBLISHED
from roomcast.events import EVENT_TYPES

HEAVY = {
    *("aiohttp", "asyncio", "boto3", "botocore", "httpx", "importlib.metadata", "jwt", "pydantic"),
    *("urllib.request", "uuid6", "websockets"),
}

SCRIPT = """
import json, sys
from click.testing import CliRunner
from roomcast.cli import main
result = CliRunner().invoke(main, json.loads(sys.argv[1]))
assert result.exit_code == 0, result.output
print(json.dumps(sorted(sys.modules)))
"""


def imported(*arguments: str) -> set[str]:
    """Return the modules of a fresh process that has run a command line."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


class TestHelp:
    @pytest.mark.parametrize(
        "arguments", [("--help",), ("--version",), *((name, "--help") for name, *_ in COMMANDS)]
    )
    def test_imports_nothing_heavy(self, arguments: tuple[str, ...]) -> None:
        assert imported(*arguments) & HEAVY == set()

    def test_names_each_command_and_what_it_does(self) -> None:
        result = CliRunner().invoke(main, ["--help"])
        for name, _, text in COMMANDS:
            assert f"  {name}" in result.stdout
            assert text in " ".join(result.stdout.split())

    def test_the_list_of_publishable_types_is_that_of_the_events(self) -> None:
        publishable = [name for name, kind in EVENT_TYPES.items() if kind.publishable]
        assert list(PUBLISHED) == publishable


class TestCompletion:
    def test_of_event_types_imports_no_event(self) -> None:
        result = CliRunner().invoke(
            main,
            [],
            env={
                "_ROOMCAST_COMPLETE": "bash_complete",
                "COMP_WORDS": "roomcast publish pr.c",
                "COMP_CWORD": "2",
            },
            prog_name="roomcast",
        )
        assert result.stdout.split() == ["plain,pr.created", "plain,pr.closed"]
