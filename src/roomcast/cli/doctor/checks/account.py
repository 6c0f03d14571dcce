"""Checks of the stack's resources and of the account's quotas: nothing is sent to the service."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from botocore.exceptions import ClientError

from roomcast.cli.doctor import permissions
from roomcast.cli.doctor.check import Check
from roomcast.cli.doctor.finding import (
    CheckFailed,
    CheckSkipped,
    Finding,
    ok,
    warning,
)
from roomcast.cli.doctor.target import Target

FUNCTION: Final = "AWS::Lambda::Function"
ALIAS: Final = "AWS::Lambda::Alias"
QUEUE: Final = "AWS::SQS::Queue"
ALARM: Final = "AWS::CloudWatch::Alarm"

ALARMS_IN_A_CALL: Final = 100
ENOUGH_EXECUTIONS: Final = 100
"""Concurrent executions below which sweeps and reconnects starve each other."""

NEW: Final = timedelta(minutes=15)
"""The time in which an alarm that rings without data has got some."""

RUNBOOK: Final = "docs/operations.md says what each of them means and what to do."

OWN_VARIABLES: Final = frozenset({"POWERTOOLS_SERVICE_NAME"})
"""Environment variables that differ from function to function."""

POSTS: Final = "ROOMCAST_POSTS_PER_SECOND"
RATE: Final = "Throttle rate"
"""Service Quotas' name for API Gateway's requests a second, @connections calls included."""


async def bus(target: Target) -> Finding:
    """See that the bus exists and has a rule that is enabled."""
    name = target.deployment.required("event_bus")
    try:
        await target.call("events", "describe_event_bus", Name=name)
    except ClientError as exc:
        if exc.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise
        raise CheckFailed(f"there is no bus {name}", "Deploy the stack again.") from exc
    rules = (await target.call("events", "list_rules", EventBusName=name))["Rules"]
    if not any(rule["State"].startswith("ENABLED") for rule in rules):
        raise CheckFailed(f"the bus {name} has no rule that is enabled", "Enable its rule.")
    return ok(f"the bus {name} exists, its rule is enabled")


async def alarms(target: Target) -> Finding:
    """See that no alarm of the stack is ringing."""
    names = [each.physical_id for each in await target.resources(ALARM)]
    if not names:
        return warning("the stack has no alarms", "Deploy it again: they are part of it.")
    states = defaultdict(list)
    for start in range(0, len(names), ALARMS_IN_A_CALL):
        page = await target.call(
            "cloudwatch",
            "describe_alarms",
            AlarmNames=names[start : start + ALARMS_IN_A_CALL],
            MaxRecords=ALARMS_IN_A_CALL,
        )
        for alarm in page["MetricAlarms"]:
            states["NEW" if _is_new(alarm) else alarm["StateValue"]].append(alarm)
    if states["ALARM"]:
        said = "; ".join(alarm.get("AlarmDescription", "") for alarm in states["ALARM"][:3])
        raise CheckFailed(f"{len(states['ALARM'])} of {len(names)} alarms: {said}", RUNBOOK)
    waiting = len(states["INSUFFICIENT_DATA"]) + len(states["NEW"])
    more = f"; {waiting} have no data yet" if waiting else ""
    return ok(f"no alarm of {len(names)} is ringing{more}")


def _is_new(alarm: Mapping[str, Any]) -> bool:
    """Tell whether an alarm about missing data is too new for any: it begins by ringing."""
    if alarm.get("TreatMissingData") != "breaching":
        return False
    changed: datetime = alarm["AlarmConfigurationUpdatedTimestamp"]
    return datetime.now(UTC) - changed < NEW


async def dead_letters(target: Target) -> Finding:
    """See that no queue of dead letters holds any."""
    queues = [each for each in await target.resources(QUEUE) if "DeadLetters" in each.logical_id]
    if not queues:
        raise CheckSkipped("the stack has no queues of dead letters")
    filled = {}
    for queue in queues:
        answer = await target.call(
            "sqs",
            "get_queue_attributes",
            QueueUrl=queue.physical_id,
            AttributeNames=["ApproximateNumberOfMessages"],
        )
        count = int(answer["Attributes"]["ApproximateNumberOfMessages"])
        if count:
            filled[queue.logical_id] = count
    if filled:
        counts = ", ".join(f"{name}: {count}" for name, count in filled.items())
        raise CheckFailed(f"dead letters: {counts}", RUNBOOK)
    return ok(f"{len(queues)} queues of dead letters are empty")


async def configuration(target: Target) -> Finding:
    """See that all functions run the same code with the same settings."""
    functions = await _configurations(target)
    unready = [
        each["FunctionName"]
        for each in functions
        if each.get("State", "Active") not in {"Active", "Inactive"}
        or each.get("LastUpdateStatus", "Successful") != "Successful"
    ]
    if unready:
        raise CheckFailed(f"not ready: {', '.join(unready)}", "Wait for the deployment's end.")
    if len({each["CodeSha256"] for each in functions}) > 1:
        raise CheckFailed(
            "functions run different code", "A deployment was not finished: deploy again."
        )
    differing = differing_variables(each["Environment"]["Variables"] for each in functions)
    if differing:
        raise CheckFailed(
            f"functions have different values of {', '.join(differing)}",
            "Somebody changed one by hand: deploy again.",
        )
    return ok(f"{len(functions)} functions are ready, with the same code and the same settings")


def differing_variables(environments: Iterable[dict[str, str]]) -> list[str]:
    """Return the names of variables that have several values, but for a function's own."""
    values = defaultdict(set)
    for environment in environments:
        for name, value in environment.items():
            values[name].add(value)
    return sorted(
        name for name, given in values.items() if len(given) > 1 and name not in OWN_VARIABLES
    )


async def quotas(target: Target) -> Finding:
    """Compare the account's quotas with the settings of the deployment."""
    limits = (await target.call("lambda", "get_account_settings"))["AccountLimit"]
    executions = int(limits["ConcurrentExecutions"])
    configurations = await _configurations(target)
    posts = _posts_per_second(configurations)
    rate, unknown = await _throttle_rate(target)
    reserved = await _reserved(target, configurations)
    stopped = [name for name, count in reserved.items() if count == 0]
    if stopped:
        raise CheckFailed(f"{', '.join(stopped)}: a reservation of 0 lets it never run")
    text = (
        f"{executions} concurrent executions, {sum(reserved.values())} of them reserved; "
        f"posts_per_second {posts or 'unknown'} "
        f"beside {f'{rate:g} requests a second' if rate else unknown}"
    )
    advice = []
    if executions < ENOUGH_EXECUTIONS:
        advice.append("Raise Lambda's quota `Concurrent executions` to 1,000.")
    if rate and posts >= rate:
        advice.append("Lower posts_per_second, or raise API Gateway's quota `Throttle rate`.")
    figures: dict[str, float] = {"concurrent_executions": executions, "posts_per_second": posts}
    if rate:
        figures["throttle_rate"] = rate
    if advice:
        return warning(text, " ".join(advice), **figures)
    return ok(text, **figures)


async def _throttle_rate(target: Target) -> tuple[float, str]:
    """Return API Gateway's requests a second, or 0 and why it is not known.

    Service Quotas lists a quota that was never changed among the defaults only.
    """
    try:
        for method in ("list_service_quotas", "list_aws_default_service_quotas"):
            async for quota in _quotas(target, method):
                if quota["QuotaName"].startswith(RATE):
                    return float(quota["Value"]), ""
    except ClientError as exc:
        finding = permissions.of_refusal(exc, local=target.is_local)
        return 0, f"an unknown rate ({finding.text})"
    return 0, "a rate that Service Quotas does not list"


async def _quotas(target: Target, method: str) -> AsyncIterator[dict[str, Any]]:
    request = {"ServiceCode": "apigateway"}
    while True:
        page = await target.call("service-quotas", method, **request)
        for quota in page["Quotas"]:
            yield quota
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


async def _reserved(target: Target, configurations: list[dict[str, Any]]) -> dict[str, int]:
    found = {}
    for each in configurations:
        name = each["FunctionName"]
        answer = await target.call("lambda", "get_function_concurrency", FunctionName=name)
        if "ReservedConcurrentExecutions" in answer:
            found[name] = int(answer["ReservedConcurrentExecutions"])
    return found


def _posts_per_second(configurations: Iterable[dict[str, Any]]) -> int:
    given = [each["Environment"]["Variables"].get(POSTS) for each in configurations]
    return next((int(value) for value in given if value), 0)


async def _configurations(target: Target) -> list[dict[str, Any]]:
    """Return the configuration of each function of the service, not of the CDK's own ones.

    Where an alias of a function takes the calls, it is that of the alias's version.
    """
    names = {each.physical_id for each in await target.resources(FUNCTION)}
    aliases = [each.physical_id for each in await target.resources(ALIAS)]
    names -= {alias.split(":")[-2] for alias in aliases}
    called = sorted([*names, *aliases])
    found = await asyncio.gather(
        *(target.call("lambda", "get_function_configuration", FunctionName=n) for n in called)
    )
    own = [each for each in found if str(each.get("Handler", "")).startswith("functions.")]
    if not own:
        raise CheckFailed("the stack has no functions", "Deploy it again.")
    return own


CHECKS: Final = (
    Check(
        name="bus",
        proves="The bus exists, and a rule of it is enabled.",
        rows=("eb-no-such-bus",),
        seconds=40,
        run=bus,
    ),
    Check(
        name="alarms",
        proves="No alarm of the stack is ringing.",
        rows=("stream-24-hours", "mon-metrics"),
        seconds=60,
        run=alarms,
    ),
    Check(
        name="dead-letters",
        proves="Nothing has failed for good.",
        seconds=60,
        run=dead_letters,
    ),
    Check(
        name="configuration",
        proves="All functions run the same code with the same settings.",
        seconds=60,
        run=configuration,
    ),
    Check(
        name="quotas",
        proves="The account's quotas fit the settings.",
        rows=(
            "ws-throttle",
            "ws-new-connections",
            "post-429",
            "conn-rate-shared",
            "http-throttle",
            "sync-throttled",
            "esm-concurrency",
            "table-rate",
            "mon-gaps",
            "quota-concurrency",
            "quota-reserved",
        ),
        seconds=60,
        run=quotas,
    ),
)
