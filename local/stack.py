"""The real CDK deployment, against the emulator.

What it writes lies below the service's own directory: services beside each other share nothing.
"""

import json
import shlex
import sys
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from infra.command_line import settings_of
from infra.settings import problems
from infra.settings.target import EMULATOR_PORT
from local import assemblies, environment, steps
from local.settings import ACCOUNT, REGION, ROOT, InvalidSetting, Settings

STACK: Final = "Roomcast"
_CDK: Final = str(ROOT / "node_modules/.bin/cdk")
_QUIET: Final = ("--no-notices", "--no-version-reporting", "--no-color")


def check(settings: Settings) -> None:
    """Raise `InvalidSetting` for settings of the stack that synthesis would refuse."""
    try:
        settings_of(_options(settings))
    except ValidationError as exc:
        raise InvalidSetting(f"ROOMCAST_SETTINGS: {problems(exc)}") from exc


async def synth(settings: Settings) -> None:
    """Put the functions' code and the stack's template below the service's own directory.

    They are made only if they were not made of the same code and settings before.
    """
    options = _options(settings)

    async def make(folder: Path) -> None:
        await _bundle(settings)
        app = app_command(Path(sys.executable), _build(settings))
        output = ("--output", str(folder), "--quiet")
        await _cdk(settings, "synth", STACK, "--app", app, *options, *output)

    await assemblies.take(_assembly(settings), options, make)


def app_command(python: Path, build: Path) -> str:
    """Return the CDK's app, with its bundles below `build`, as the CDK has a shell run it."""
    program = [str(python), "-m", "infra.app", "--build", str(build)]
    # Of a text that begins and ends with a quote the CDK takes both away.
    return f"exec {shlex.join(program)}"


async def bootstrap(settings: Settings) -> None:
    """Create what the CDK deploys with: its bucket and its roles."""
    await _cdk(settings, "bootstrap", f"aws://{ACCOUNT}/{REGION}", "--app", "")


async def deploy(settings: Settings) -> dict[str, str]:
    """Deploy the template that `synth` wrote; return the stack's outputs by name."""
    outputs = settings.directory / "outputs.json"
    await _cdk(
        settings,
        *("deploy", STACK, "--app", str(_assembly(settings)), "--outputs-file", str(outputs)),
        *("--parameters", f"{EMULATOR_PORT}={settings.aws_port}"),
        *("--require-approval", "never", "--progress", "events"),
    )
    values: dict[str, str] = json.loads(outputs.read_text())[STACK]
    return values


async def _bundle(settings: Settings) -> None:
    build = str(_build(settings))
    command = [sys.executable, "-m", "infra.bundle", "--target", "local", "--build", build]
    await steps.run("bundle", command, environment=environment.base(), log=settings.log("bundle"))


def _options(settings: Settings) -> list[str]:
    """Return the context of the stack as options of the CDK; the last one of a name counts.

    The routes for admins are there unless a setting says otherwise: nobody else reaches them.
    """
    context = ["admin_api=true", *settings.context, "target=local"]
    return [option for value in context for option in ("--context", value)]


def _build(settings: Settings) -> Path:
    return settings.directory / "build"


def _assembly(settings: Settings) -> Path:
    return settings.directory / "cdk.out"


async def _cdk(settings: Settings, command: str, *arguments: str) -> None:
    await steps.run(
        command,
        [_CDK, command, *arguments, *_QUIET],
        environment=environment.for_aws_clients(settings),
        log=settings.log(command),
    )
