"""What is watched: the alarms of every part of the service, and its dashboard."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk.aws_events import EventBus, Rule
from aws_cdk.aws_lambda import Function
from aws_cdk.aws_logs import ILogGroup
from constructs import Construct

from infra import triggers
from infra.alarms import Alarms, account, deliveries, functions, outages
from infra.dashboard import ServiceDashboard
from infra.queues import Queues
from infra.settings import Settings
from infra.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The parts of the stack; an API is its id and its stage, `rules` are by function."""

    functions: Mapping[str, Function]
    logs: Mapping[str, ILogGroup]
    queues: Queues
    tables: Tables
    bus: EventBus
    rules: Mapping[str, Rule]
    websocket: tuple[str, str]
    http: tuple[str, str]


def watch(scope: Construct, parts: Watched, settings: Settings, *, metric_math: bool) -> Alarms:
    """Add the alarms and the dashboard of a stack; return the alarms."""
    alarms = Alarms(
        scope,
        "Alarms",
        stack_name=settings.stack_name,
        topic_arn=settings.alarm_topic_arn,
        metric_math=metric_math,
    )
    _watch_functions(alarms, parts)
    _watch_deliveries(alarms, parts, settings)
    for name, table in parts.tables.named.items():
        account.watch_table(alarms, name, table)
    account.watch_concurrency(alarms)
    outages.watch_websocket(alarms, *parts.websocket)
    outages.watch_http(alarms, *parts.http)
    outages.watch_unavailable(alarms, parts.functions)
    outages.watch_webhooks(alarms)
    outages.watch_flooding(alarms)
    ServiceDashboard(
        scope,
        "Dashboard",
        name=f"{settings.stack_name}-{Aws.REGION}",
        stack_name=settings.stack_name,
        websocket=parts.websocket,
        functions=parts.functions,
        tables=parts.tables.named,
        dead_letters=parts.queues.dead_letters,
    )
    return alarms


def _watch_functions(alarms: Alarms, parts: Watched) -> None:
    for name, function in parts.functions.items():
        functions.watch_function(alarms, name, function, parts.logs[name])
    for name in (each for each in triggers.STREAM_READERS if each in parts.functions):
        functions.watch_stream(alarms, name, parts.functions[name])
    for name in triggers.EVERY_MINUTE:
        functions.watch_every_minute(alarms, name, parts.functions[name])


def _watch_deliveries(alarms: Alarms, parts: Watched, settings: Settings) -> None:
    for name, queue in parts.queues.dead_letters.items():
        deliveries.watch_dead_letters(alarms, name, queue)
    deliveries.watch_work(alarms, "pages", parts.queues.work["pages"])
    delay = settings.authentication_deadline
    deliveries.watch_work(alarms, "deadline", parts.queues.work["deadline"], delay=delay)
    if "departures" in parts.queues.work:
        grace = settings.presence_grace
        deliveries.watch_work(alarms, "departures", parts.queues.work["departures"], delay=grace)
    for name, rule in parts.rules.items():
        own = rule.node.scope is parts.bus
        bus = parts.bus.event_bus_name if own else ""
        deliveries.watch_rule(alarms, name, rule, bus=bus)
        if own:
            deliveries.watch_events(alarms, rule, bus=bus)
    deliveries.watch_posts(alarms)
