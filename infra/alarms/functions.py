"""Alarms about single functions: failures, throttling, silence, and how far they lag behind."""

from aws_cdk import Duration
from aws_cdk.aws_lambda import Function
from aws_cdk.aws_logs import FilterPattern, ILogGroup, MetricFilter

from infra import metrics
from infra.alarms.construct import Alarms
from infra.metrics import PERIOD

MAX_LAG = Duration.minutes(5)
"""How far the counters may lag behind the tables."""

HANDLED_ERRORS = 20
"""Errors in the log of one function within a period, in two of three: more than one client's."""


def watch_function(alarms: Alarms, name: str, function: Function, logs: ILogGroup) -> None:
    """Alarm when a function fails, is not let run, or logs errors that it has handled."""
    alarms.add(f"{name}Errors", "errors", function.metric_errors(period=PERIOD), f"{name} failed")
    alarms.add(
        f"{name}Throttles",
        "throttles",
        function.metric_throttles(period=PERIOD),
        f"{name} was throttled",
        lasting=True,
    )
    alarms.add(
        f"{name}Dropped",
        "dropped-calls",
        function.metric("AsyncEventsDropped", period=PERIOD, statistic="Sum"),
        f"{name}: asynchronous calls were dropped",
    )
    _watch_log(alarms, name, logs)


def _watch_log(alarms: Alarms, name: str, logs: ILogGroup) -> None:
    logged = metrics.logged_errors(alarms.stack_name, name)
    MetricFilter(
        alarms,
        f"{name}Logged",
        log_group=logs,
        filter_pattern=FilterPattern.string_value("$.level", "=", "ERROR"),
        metric_namespace=logged.namespace,
        metric_name=logged.metric_name,
        metric_value="1",
    )
    alarms.add(
        f"{name}Handled",
        "handled-errors",
        logged,
        f"{name} answers that it cannot",
        threshold=HANDLED_ERRORS,
        lasting=True,
    )


def watch_every_minute(alarms: Alarms, name: str, function: Function) -> None:
    """Alarm when a function that runs every minute does not: then nothing else tells of it."""
    alarms.add_silence(
        f"{name}Silent",
        "silence",
        function.metric_invocations(period=PERIOD),
        f"{name} does not run: connections will be closed as idle",
    )


def watch_stream(alarms: Alarms, name: str, function: Function) -> None:
    """Alarm when a function lags behind the streams that it reads."""
    age = function.metric("IteratorAge", period=PERIOD, statistic="Maximum")
    alarms.add(f"{name}Lag", "lag", age, f"{name} lags", threshold=MAX_LAG.to_milliseconds())
