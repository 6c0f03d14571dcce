"""`roomcast doctor`: check a running deployment with real clients."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from roomcast.cli import reachable
from roomcast.cli.deployment import Deployment, find_deployment
from roomcast.cli.group import START, InvalidInput, advice, stack_option

if TYPE_CHECKING:
    from roomcast.cli.doctor.check import Check
    from roomcast.cli.doctor.finding import Result
    from roomcast.cli.doctor.target import Target


def _known(_ctx: click.Context, _param: click.Parameter, only: Sequence[str]) -> Sequence[str]:
    for name in only:
        if name not in _names():
            raise click.BadParameter(f"{name!r} is not one of {', '.join(_names())}")
    return only


def _complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in _names() if name.startswith(incomplete)]


@click.command(
    epilog="""\b
Exit codes: 0 all is well or has warnings, 1 a check failed, 2 no check could run.

\b
Examples:
  roomcast doctor --stack Roomcast
  roomcast doctor --stack Roomcast --only latency --only quotas
  roomcast doctor --stack Roomcast --only keep-alive
"""
)
@click.option(
    "--only",
    "only",
    multiple=True,
    callback=_known,
    shell_complete=_complete,
    metavar="NAME",
    help="Run this check alone; may be repeated.",
)
@click.option("--list", "listed", is_flag=True, help="List the checks and run none.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@click.option(
    "--token",
    default="",
    envvar="ROOMCAST_TOKEN",
    help="Connect with this admin's token (or ROOMCAST_TOKEN); default: minted ones.",
)
@stack_option
@click.pass_context
def doctor(
    ctx: click.Context,
    *,
    only: tuple[str, ...],
    listed: bool,
    as_json: bool,
    token: str,
    stack: str | None,
) -> None:
    """Check a deployment with real clients, in some two minutes.

    It connects, subscribes, publishes and sends webhooks in rooms of its own,
    and removes what it has created. A check whose permission the caller lacks
    is skipped, and names the IAM action.
    """
    import asyncio

    from roomcast.cli.doctor.finding import exit_code
    from roomcast.cli.doctor.runner import run
    from roomcast.cli.doctor.table import report

    if listed:
        _list()
        return
    checks = _chosen(only)
    target = _target(stack, token)
    results = asyncio.run(run(checks, target, started=_progress(len(checks)), ended=_tell))
    if as_json:
        name = target.deployment.name
        click.echo(json.dumps(report(results, deployment=name, checks=checks), indent=2))
    else:
        _print(results)
    ctx.exit(exit_code(results))


def _checks() -> "Sequence[Check]":
    from roomcast.cli.doctor.checks import CHECKS

    return CHECKS


def _names() -> list[str]:
    return [check.name for check in _checks()]


def _chosen(only: Sequence[str]) -> "list[Check]":
    """Return the named checks, without names all that do not take long."""
    if only:
        return [check for check in _checks() if check.name in only]
    return [check for check in _checks() if not check.takes_long]


def _target(stack: str | None, token: str) -> "Target":
    """Find the deployment and its edge; raise `InvalidInput` when it cannot be found."""
    from botocore.exceptions import BotoCoreError, ClientError

    from roomcast.cli.doctor.target import Target

    try:
        deployment = find_deployment(stack)
        _check_answer(deployment)
        return Target(deployment=deployment, edge=_edge(deployment, stack), given_token=token)
    except (BotoCoreError, ClientError) as exc:
        raise InvalidInput(f"the stack {stack} cannot be read: {exc}{advice(exc)}") from exc


def _check_answer(deployment: Deployment) -> None:
    """Raise `InvalidInput` when a local service does not answer: no check could run."""
    try:
        if deployment.aws_endpoint_url:
            reachable.check(deployment.websocket_url, next_step=START)
    except reachable.Unreachable as exc:
        raise InvalidInput(str(exc)) from exc


def _edge(deployment: Deployment, stack: str | None) -> Deployment | None:
    """Return the deployment at the addresses of its edge; a local service is behind its own."""
    from botocore.exceptions import ClientError

    if not stack:
        return deployment
    try:
        outputs = Deployment.outputs_of(f"{stack}Edge")
    except ClientError:
        return None
    return replace(
        deployment,
        name=f"{deployment.name}, edge",
        websocket_url=outputs.get("WebSocketUrl", ""),
        stats_url=outputs.get("StatsUrl", ""),
        webhook_url=outputs.get("WebhookUrl", ""),
        health_url=outputs.get("HealthUrl", ""),
    )


def _list() -> None:
    width = max(map(len, _names()))
    for check in _checks():
        click.echo(f"{check.name:<{width}}  {check.proves}{_how_to_run(check)}")


def _how_to_run(check: "Check") -> str:
    """Say of a check that takes long how it is run; the others run by themselves."""
    if not check.takes_long:
        return ""
    return f" ({check.seconds / 60:.0f} min; only with --only {check.name})"


def _progress(count: int) -> "Callable[[Check], None]":
    numbers = iter(range(1, count + 1))

    def started(check: "Check") -> None:
        click.echo(f"[{next(numbers):>2}/{count}] {check.name} ... ", err=True, nl=False)

    return started


def _tell(result: "Result") -> None:
    click.echo(f"{result.finding.verdict} ({result.seconds:.1f} s)", err=True)


def _print(results: "Sequence[Result]") -> None:
    from roomcast.cli.doctor.finding import COULD_NOT_RUN, exit_code
    from roomcast.cli.doctor.table import REMAINS, table

    click.echo("", err=True)
    for line in table(results):
        click.echo(line)
    click.echo("\nWhat remains of this run:")
    for line in REMAINS:
        click.echo(f"  {line}")
    if exit_code(results) == COULD_NOT_RUN:
        click.echo("\nNo check could run.")
