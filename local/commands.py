"""The commands of the local service: dev, up, down, status."""

import asyncio
import signal
import sys
from typing import Final

import click

from local import directory_lock, guide, stack
from local.errors import CannotRun
from local.service import Service
from local.settings import Settings
from local.steps import Progress

INTERRUPTED: Final = 128 + signal.SIGINT
"""The exit code of a command that Ctrl-C ended before it had done its work."""

STOP_SECONDS: Final = 15.0
"""How long `down` waits for a start that it interrupts to clean up after itself."""


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
    if Service(settings).complete():
        click.echo(f"It is running already: see {settings.endpoints_file}. `make down` stops it.")
    else:
        asyncio.run(_run(settings, stay=False))


@main.command()
@click.pass_obj
def down(settings: Settings) -> None:
    """Stop the service."""
    click.echo("Stopped." if _stop(settings) else "It was not running.")


@main.command()
@click.pass_obj
def status(settings: Settings) -> None:
    """Tell whether the service runs; exit with 1 if it does not."""
    if not Service(settings).running():
        raise CannotRun("it is not running: `make up` starts it")
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
                click.echo("Ctrl-C stops it.")
                await service.watch()
        except asyncio.CancelledError:
            click.echo("\nStopping …")
            if not serving:
                sys.exit(INTERRUPTED)
        finally:
            if not in_background:
                service.stop_processes()
                service.remove_state()


def _stop(settings: Settings) -> bool:
    """Stop the service, also one that is still being started; tell whether any of it ran.

    down                      up
    stop the emulator
                              notices it, cleans up, lets the directory go
    hold the directory
    stop what was started since, remove the state
    """
    service = Service(settings)
    stopped = service.stop_processes()
    if settings.directory.exists():
        with directory_lock.hold(settings.directory, wait_seconds=STOP_SECONDS):
            stopped = service.stop_processes() or stopped
            service.remove_state()
    return stopped


def _cancel_on_signals() -> None:
    """Let Ctrl-C, a `kill` and a closed terminal end the running command in order."""
    if task := asyncio.current_task():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
