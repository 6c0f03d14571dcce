"""The alarms: what asks for a person. Each one is a kind that docs/operations.md has a runbook for.

A handled failure is a success to Lambda: a service whose every answer is 503 has no Lambda errors.
So three tell of the same thing: Lambda, API Gateway and the functions' own logs.
"""

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import (
    Alarm,
    ComparisonOperator,
    IMetric,
    MathExpression,
    Metric,
    TreatMissingData,
)
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_dynamodb import TableV2
from aws_cdk.aws_events import Rule
from aws_cdk.aws_lambda import Function
from aws_cdk.aws_logs import FilterPattern, ILogGroup, MetricFilter
from aws_cdk.aws_sns import Topic
from aws_cdk.aws_sqs import Queue
from constructs import Construct

PERIOD = Duration.minutes(5)

MAX_LAG = Duration.minutes(5)
"""How far the counters may lag behind the tables."""

MAX_AGE_OF_PAGES = Duration.minutes(10)
"""A page whose worker died is given out again after six minutes (infra/queues.py)."""

HANDLED_ERRORS = 20
"""Errors in the log of one function within a period, in two of three: more than one client's."""

GATEWAY_ERRORS = 20
CLIENT_ERRORS = 3000
"""Ten a second. One client that floods gets there only if it is let."""

THROTTLED = 50
FAILED_WEBHOOKS = 3
FAILED_POSTS_PERCENT = 5
LEAST_POSTS = 200
"""Posts within a period, below which their share that failed says nothing."""

CONCURRENCY_PERCENT = 80
"""Of the account's quota, which CloudWatch knows.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Quotas-Visualize-Alarms.html
"""

NAMESPACE = "Roomcast"


class Alarms(Construct):
    """Alarms of the whole service; `stack_name` tells its metrics from those of another stack.

    `topic_arn` names the SNS topic that is told; without one the alarms only show in CloudWatch.
    Without `metric_math` those that compare two metrics are left out.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stack_name: str,
        topic_arn: str,
        metric_math: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stack_name = stack_name
        self._metric_math = metric_math
        self._topic = Topic.from_topic_arn(self, "Topic", topic_arn) if topic_arn else None

    def watch_function(self, name: str, function: Function, logs: ILogGroup) -> None:
        """Alarm when a function fails, is not let run, or logs errors that it has handled."""
        self._alarm(
            f"{name}Errors", "errors", function.metric_errors(period=PERIOD), f"{name} failed"
        )
        self._alarm(
            f"{name}Throttles",
            "throttles",
            function.metric_throttles(period=PERIOD),
            f"{name} was throttled",
        )
        self._alarm(
            f"{name}Dropped",
            "dropped-calls",
            function.metric("AsyncEventsDropped", period=PERIOD, statistic="Sum"),
            f"{name}: asynchronous calls were dropped",
        )
        MetricFilter(
            self,
            f"{name}Logged",
            log_group=logs,
            filter_pattern=FilterPattern.string_value("$.level", "=", "ERROR"),
            metric_namespace=NAMESPACE,
            metric_name=self._logged(name),
            metric_value="1",
        )
        logged = Metric(
            namespace=NAMESPACE, metric_name=self._logged(name), period=PERIOD, statistic="Sum"
        )
        self._alarm(
            f"{name}Handled",
            "handled-errors",
            logged,
            f"{name} answers that it cannot",
            threshold=HANDLED_ERRORS,
            lasting=True,
        )

    def watch_dead_letters(self, name: str, queue: Queue) -> None:
        """Alarm when something failed for good."""
        waiting = queue.metric_approximate_number_of_messages_visible(
            period=PERIOD, statistic="Maximum"
        )
        self._alarm(f"{name}DeadLetters", "dead-letters", waiting, f"{name} left dead letters")

    def watch_stream(self, name: str, function: Function) -> None:
        """Alarm when a function lags behind the streams that it reads."""
        age = function.metric("IteratorAge", period=PERIOD, statistic="Maximum")
        self._alarm(f"{name}Lag", "lag", age, f"{name} lags", threshold=MAX_LAG.to_milliseconds())

    def watch_websocket(self, api_id: str, stage: str) -> None:
        """Alarm when API Gateway cannot get answers for clients, or refuses many of them.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
        """
        for metric, threshold in (
            ("IntegrationError", GATEWAY_ERRORS),
            ("ExecutionError", GATEWAY_ERRORS),
            ("ClientError", CLIENT_ERRORS),
        ):
            self._alarm(
                f"WebSocket{metric}",
                "gateway-errors",
                _gateway(metric, api_id, stage),
                f"{metric} of the WebSocket API",
                threshold=threshold,
                lasting=True,
            )

    def watch_http(self, api_id: str, stage: str) -> None:
        """Alarm when the HTTP API answers with 5xx.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
        """
        self._alarm(
            "Http5xx",
            "gateway-errors",
            _gateway("5xx", api_id, stage),
            "5xx of the HTTP API",
            threshold=GATEWAY_ERRORS,
            lasting=True,
        )

    def watch_pages(self, queue: Queue) -> None:
        """Alarm when parts of large rooms wait for too long."""
        self._alarm(
            "OldestPage",
            "oldest-page",
            queue.metric_approximate_age_of_oldest_message(period=PERIOD, statistic="Maximum"),
            "parts of large rooms wait",
            threshold=MAX_AGE_OF_PAGES.to_seconds(),
        )

    def watch_rule(self, name: str, rule: Rule, *, bus: str = "") -> None:
        """Alarm when EventBridge could not call a function; `bus` is one that is not the default.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
        """
        named = {"EventBusName": bus} if bus else {}
        failed = Metric(
            namespace="AWS/Events",
            metric_name="FailedInvocations",
            dimensions_map={**named, "RuleName": rule.rule_name},
            period=PERIOD,
            statistic="Sum",
        )
        self._alarm(f"{name}Rule", "failed-invocations", failed, f"a rule could not call {name}")

    def watch_table(self, name: str, table: TableV2) -> None:
        """Alarm when reads or writes of a table are throttled for long."""
        for metric in ("ReadThrottleEvents", "WriteThrottleEvents"):
            throttled = table.metric(metric, period=PERIOD, statistic="Sum")
            self._alarm(
                f"{name.capitalize()}{metric}",
                "throttled-tables",
                throttled,
                f"{metric} of {name}",
                threshold=THROTTLED,
                lasting=True,
            )

    def watch_webhooks(self) -> None:
        """Alarm when webhooks are answered with 503: GitHub does not send them again by itself."""
        self._alarm(
            "WebhooksFailed",
            "webhooks-failed",
            self.own_metric("webhooks_failed", "webhooks"),
            "webhooks were answered with 503",
            threshold=FAILED_WEBHOOKS,
        )

    def watch_posts(self) -> None:
        """Alarm when a share of the posts to clients fails."""
        if not self._metric_math:
            return
        sent, failed = (
            self.own_metric(name, "broadcast") for name in ("posts_sent", "posts_failed")
        )
        share = MathExpression(
            expression=f"IF(sent + failed > {LEAST_POSTS}, 100 * failed / (sent + failed), 0)",
            using_metrics={"sent": sent, "failed": failed},
            period=PERIOD,
            label="posts that failed, percent",
        )
        self._alarm(
            "PostsFailed",
            "posts-failed",
            share,
            "posts to clients fail",
            threshold=FAILED_POSTS_PERCENT,
            lasting=True,
        )

    def watch_concurrency(self) -> None:
        """Alarm when the account's functions together come near their quota."""
        if not self._metric_math:
            return
        used = Metric(
            namespace="AWS/Usage",
            metric_name="ResourceCount",
            dimensions_map={
                "Service": "Lambda",
                "Type": "Resource",
                "Resource": "ConcurrentExecutions",
                "Class": "None",
            },
            period=PERIOD,
            statistic="Maximum",
        )
        share = MathExpression(
            expression="100 * used / SERVICE_QUOTA(used)",
            using_metrics={"used": used},
            period=PERIOD,
            label="executions at a time, percent of the quota",
        )
        self._alarm(
            "Concurrency",
            "concurrency",
            share,
            "the account's Lambda quota is nearly used",
            threshold=CONCURRENCY_PERCENT,
        )

    def own_metric(self, name: str, function: str, statistic: str = "Sum") -> Metric:
        """Return a metric that one of the functions writes."""
        return Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"service": service_name(self._stack_name, function)},
            period=PERIOD,
            statistic=statistic,
        )

    def _logged(self, name: str) -> str:
        return f"{self._stack_name}-{name}-errors"

    def _alarm(
        self,
        name: str,
        runbook: str,
        metric: IMetric,
        says: str,
        *,
        threshold: float = 0,
        lasting: bool = False,
    ) -> None:
        """Make an alarm; a `lasting` one rings when two of three periods are over the threshold."""
        alarm = Alarm(
            self,
            name,
            metric=metric,
            alarm_description=f"{says}. Runbook: docs/operations.md#{runbook}",
            threshold=threshold,
            comparison_operator=ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=3 if lasting else 1,
            datapoints_to_alarm=2 if lasting else 1,
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        )
        if self._topic:
            alarm.add_alarm_action(SnsAction(self._topic))


def service_name(stack_name: str, function: str) -> str:
    """Return Powertools' `service`, the dimension of a function's metrics: dev is not prod."""
    return f"{stack_name}-{function}"


def _gateway(metric: str, api_id: str, stage: str) -> Metric:
    return Metric(
        namespace="AWS/ApiGateway",
        metric_name=metric,
        dimensions_map={"ApiId": api_id, "Stage": stage},
        period=PERIOD,
        statistic="Sum",
    )
