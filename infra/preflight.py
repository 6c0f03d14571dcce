"""What an account allows, beside what the settings ask for: `python -m infra.preflight [-c n=v]`.

It asks Lambda and API Gateway with the caller's credentials, changes nothing, and prints what is
too low and what to raise. What would fail the deployment ends it with 1. An account that cannot be
asked is a note.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from infra.command_line import settings_of
from infra.functions import needed as functions_of
from infra.settings import Settings, problems
from infra.settings.limits import LEAST_WORKERS

UNRESERVED = 100
"""Executions that Lambda keeps unreserved in every account.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

AT_A_TIME = 2
"""Executions of each function that should be able to run beside all page workers."""

USUAL_CONCURRENCY = 1000
CONCURRENCY_QUOTA = "Service Quotas, AWS Lambda, Concurrent executions (L-B99A9384)"
REQUESTS_QUOTA = "Service Quotas, Amazon API Gateway, Throttle rate"

IMPATIENT = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


@dataclass(frozen=True, slots=True)
class Quotas:
    """What the account has in the Region: executions, requests a second, requests at once.

    `can_log` tells whether API Gateway has a role with which it writes logs.
    """

    concurrency: int
    requests_per_second: float
    request_burst: int
    can_log: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is too low, what to do about it, and whether the deployment would fail."""

    problem: str
    advice: str
    fatal: bool = False

    def __str__(self) -> str:
        return f"{'error' if self.fatal else 'note'}: {self.problem}. {self.advice}."


def findings(settings: Settings, quotas: Quotas) -> list[Finding]:
    """Compare the settings with the account's quotas."""
    found = (
        _reservations(settings, quotas),
        _executions(settings, quotas),
        _requests(settings, quotas),
        _frames(settings, quotas),
        _posts(settings, quotas),
        _logs(settings, quotas),
    )
    return [finding for finding in found if finding]


def _reservations(settings: Settings, quotas: Quotas) -> Finding | None:
    reserved = sum(settings.reserved_concurrency.values())
    if not reserved or quotas.concurrency - reserved >= UNRESERVED:
        return None
    names = " and ".join(f"{name}_reserved_concurrency" for name in settings.reserved_concurrency)
    return Finding(
        f"{names}: {reserved} of {quotas.concurrency} executions would be reserved, and Lambda "
        f"keeps {UNRESERVED} for all others",
        f"Set 0, or raise the quota to {reserved + UNRESERVED} or more: {CONCURRENCY_QUOTA}",
        fatal=True,
    )


def _executions(settings: Settings, quotas: Quotas) -> Finding | None:
    waiting = settings.max_polling_connections if settings.polling == "full" else 0
    functions = len(functions_of(settings))
    needed = settings.page_workers + AT_A_TIME * functions + waiting
    if quotas.concurrency >= needed:
        return None
    lower = [f"page_workers to {LEAST_WORKERS}"] if settings.page_workers > LEAST_WORKERS else []
    lower += ["polling to upgrade"] if waiting else []
    until = f". Until then set {' and '.join(lower)}" if lower else ""
    return Finding(
        f"{quotas.concurrency} executions at a time are few: {settings.page_workers} page workers, "
        f"{waiting} polling connections that wait and {functions} functions share them with "
        "everything else in the account",
        f"Raise the quota to {USUAL_CONCURRENCY}, at least to {needed}: {CONCURRENCY_QUOTA}{until}",
    )


def _requests(settings: Settings, quotas: Quotas) -> Finding | None:
    asked = settings.posts_per_second + settings.frames_per_second
    if asked <= quotas.requests_per_second:
        return None
    return Finding(
        f"posts_per_second and frames_per_second: {asked} requests a second together, and the "
        f"account has {quotas.requests_per_second:.0f} for all its APIs",
        f"Lower them, or raise the quota: {REQUESTS_QUOTA}",
    )


def _frames(settings: Settings, quotas: Quotas) -> Finding | None:
    if settings.frame_burst <= quotas.request_burst:
        return None
    return Finding(
        f"frame_burst: {settings.frame_burst} frames at once, and the account has "
        f"{quotas.request_burst} requests at once for all its APIs",
        "Lower it: AWS sets this quota by the rate",
    )


def _posts(settings: Settings, quotas: Quotas) -> Finding | None:
    if settings.post_burst <= quotas.request_burst:
        return None
    return Finding(
        f"post_burst: {settings.post_burst} posts at once, and the account has "
        f"{quotas.request_burst} requests at once for all its APIs",
        f"Set it to {quotas.request_burst}: AWS sets this quota by the rate",
    )


def _logs(settings: Settings, quotas: Quotas) -> Finding | None:
    if quotas.can_log or not settings.websocket_access_logs:
        return None
    return Finding(
        "websocket_access_logs: API Gateway has no role for CloudWatch Logs in this Region",
        "Set one in API Gateway's settings, or leave the setting off",
        fatal=True,
    )


def ask() -> Quotas:
    """Ask the caller's account and Region; raise what boto3 raises."""
    functions: Any = boto3.client("lambda", config=IMPATIENT)
    gateway: Any = boto3.client("apigateway", config=IMPATIENT)
    limits = functions.get_account_settings()["AccountLimit"]
    account = gateway.get_account()
    throttle = account["throttleSettings"]
    return Quotas(
        concurrency=limits["ConcurrentExecutions"],
        requests_per_second=throttle["rateLimit"],
        request_burst=throttle["burstLimit"],
        can_log=bool(account.get("cloudwatchRoleArn")),
    )


def passes(settings: Settings) -> bool:
    """Print to stderr what is too low; return False if the deployment would fail."""
    try:
        quotas = ask()
    except (BotoCoreError, ClientError, KeyError) as exc:
        _say(
            f"note: the account's quotas are not checked: {exc}. Next: set AWS_PROFILE and "
            "AWS_DEFAULT_REGION, or log in; `aws sts get-caller-identity` tells whether they work"
        )
        return True
    found = findings(settings, quotas)
    for finding in found:
        _say(str(finding))
    return not any(finding.fatal for finding in found)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Check the settings of the command line; exit with 1 if a deployment would fail."""
    try:
        settings = settings_of(sys.argv[1:] if arguments is None else arguments)
    except ValidationError as exc:
        sys.exit(problems(exc))
    if not passes(settings):
        sys.exit(1)


if __name__ == "__main__":
    main()
