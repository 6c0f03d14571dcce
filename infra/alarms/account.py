"""Alarms about what the account gives: executions at a time, reads and writes of tables."""

from aws_cdk.aws_cloudwatch import MathExpression, Metric
from aws_cdk.aws_dynamodb import TableV2

from infra.alarms.construct import Alarms
from infra.metrics import PERIOD

THROTTLED = 50

CONCURRENCY_PERCENT = 80
"""Of the account's quota, which CloudWatch knows.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Quotas-Visualize-Alarms.html
"""


def watch_table(alarms: Alarms, name: str, table: TableV2) -> None:
    """Alarm when reads or writes of a table are throttled for long."""
    for metric in ("ReadThrottleEvents", "WriteThrottleEvents"):
        alarms.add(
            f"{name.capitalize()}{metric}",
            "throttled-tables",
            table.metric(metric, period=PERIOD, statistic="Sum"),
            f"{metric} of {name}",
            threshold=THROTTLED,
            lasting=True,
        )


def watch_concurrency(alarms: Alarms) -> None:
    """Alarm when the account's functions together come near their quota."""
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
    alarms.add(
        "Concurrency",
        "concurrency",
        share,
        "the account's Lambda quota is nearly used",
        threshold=CONCURRENCY_PERCENT,
    )
