"""The commands of the local service: dev, up, down, status."""

import asyncio
import signal
import sys
from typing import Final

import click

from local import activity, guide, stack
from local.errors import CannotRun
from local.service import Service
from local.settings import Settings
from local.steps import Progress, side_by_side
from local.stop import stop

INTERRUPTED: Final = 128 + signal.SIGINT
"""The exit code of a command that Ctrl-C ended before it had done its work."""


@click.group(help=__doc__)
@click.pass_context
def main(context: click.Context) -> None:
    """Read the settings for every command."""
    context.obj = Settings.from_environment()


@main.command()
@click.pass_obj
def dev(settings: Settings) -> None:
    """Run the service until Ctrl-C."""
    asyncio.run(_run(settings, stay=True))


@main.command()
@click.pass_obj
def up(settings: Settings) -> None:
    """Start the service in the background."""
    service = Service(settings)
    if service.complete():
        if problem := service.problem():
            raise CannotRun(problem)
        click.echo(f"It is running already: see {settings.endpoints_file}. `make down` stops it.")
    else:
        asyncio.run(_run(settings, stay=False))


@main.command()
@click.pass_obj
def down(settings: Settings) -> None:
    """Stop the service."""
    click.echo("Stopped." if stop(settings) else "It was not running.")


@main.command()
@click.pass_obj
def status(settings: Settings) -> None:
    """Tell whether the service runs; exit with 1 if it does not."""
    service = Service(settings)
    if not service.running():
        raise CannotRun("it is not running: `make up` starts it")
    if service.complete() and (problem := service.problem()):
        raise CannotRun(problem)
    click.echo(f"It is running: see {settings.endpoints_file}.")


async def _run(settings: Settings, *, stay: bool) -> None:
    """Start the service and, with `stay`, watch it until a signal comes or a part of it ends.

    The service is stopped in the end, unless `up` has started all of it.
    """
    stack.check(settings)
    service = Service(settings)
    with service.claim():
        _cancel_on_signals()
        in_background = serving = False
        try:
            described = await service.start(Progress())
            click.echo(guide.text(settings, described))
            serving, in_background = True, not stay
            if stay:
                if settings.demo:
                    service.start_demo(described)
                click.echo("Ctrl-C stops it.")
                await _watch(service, settings)
        except asyncio.CancelledError:
            click.echo("\nStopping …")
            if not serving:
                sys.exit(INTERRUPTED)
        finally:
            if not in_background:
                service.stop()
                service.remove_state()


async def _watch(service: Service, settings: Settings) -> None:
    """Show what happens until a part of the service ends, which raises `StepFailed`."""
    showing = [activity.show(settings.log("activity"))] if settings.activity else []
    async with side_by_side(service.watch(), *showing) as (watching, *_):
        await watching


def _cancel_on_signals() -> None:
    """Let Ctrl-C, a `kill` and a closed terminal end the running command in order."""
    if task := asyncio.current_task():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
