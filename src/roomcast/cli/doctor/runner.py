"""Runs checks one after the other, and turns every error into a finding."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from time import monotonic

from botocore.exceptions import BotoCoreError, ClientError
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from roomcast.cli.doctor import permissions
from roomcast.cli.doctor.check import Check
from roomcast.cli.doctor.finding import CheckFailed, CheckSkipped, Finding, Result, Verdict
from roomcast.cli.doctor.target import Target
from roomcast.errors import NotConfigured


async def run(
    checks: Iterable[Check],
    target: Target,
    *,
    started: Callable[[Check], None],
    ended: Callable[[Result], None],
) -> list[Result]:
    """Run checks in order and return their results; call `started` and `ended` for each."""
    results = []
    for check in checks:
        started(check)
        result = await run_one(check, target)
        ended(result)
        results.append(result)
    return results


async def run_one(check: Check, target: Target) -> Result:
    """Run one check within its time limit; never raise for what it meets."""
    begun = monotonic()
    try:
        async with asyncio.timeout(target.patience(check.seconds)) as limit:
            finding = await check.run(target)
    except Exception as exc:  # noqa: BLE001  a check must not end the others
        if isinstance(exc, TimeoutError) and limit.expired():
            finding = Finding(Verdict.FAILED, f"did not end within {check.seconds:g} s")
        else:
            finding = finding_of(exc, local=target.is_local)
    return Result(check.name, _without(finding, target.secrets), monotonic() - begun)


def finding_of(error: Exception, *, local: bool) -> Finding:
    """Return the finding of a check that ended with an error."""
    match error:
        case CheckSkipped() | NotConfigured():
            return Finding(Verdict.SKIPPED, str(error))
        case CheckFailed():
            return Finding(Verdict.FAILED, str(error), error.advice)
        case ClientError():
            return permissions.of_refusal(error, local=local)
        case BotoCoreError():
            return Finding(Verdict.FAILED, f"AWS cannot be reached: {error}")
        case _:
            return Finding(Verdict.FAILED, _of_connection(error))


def _of_connection(error: Exception) -> str:
    match error:
        case InvalidStatus():
            return f"the handshake was refused with HTTP {error.response.status_code}"
        case ConnectionClosed():
            return f"the connection was closed: {error}"
        case InvalidURI() | InvalidHandshake() | OSError():
            return f"cannot connect: {error or type(error).__name__}"
        case _:
            return f"unexpected {type(error).__name__}: {error}"


def _without(finding: Finding, secrets: Iterable[str]) -> Finding:
    """Return the finding without any secret or token in its texts, and in one line each."""

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "[secret]")
        return " ".join(text.split())

    return replace(finding, text=clean(finding.text), advice=clean(finding.advice))
