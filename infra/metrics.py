"""The metrics that alarms and the dashboard read, with the dimensions that AWS documents.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
"""

from aws_cdk import Duration
from aws_cdk.aws_cloudwatch import MathExpression, Metric
from aws_cdk.aws_events import Rule

PERIOD = Duration.minutes(5)

NAMESPACE = "Roomcast"
"""The namespace of the functions' own metrics."""


def service_name(stack_name: str, function: str) -> str:
    """Return Powertools' `service`, the dimension of a function's metrics: dev is not prod."""
    return f"{stack_name}-{function}"


def own(stack_name: str, function: str, name: str, statistic: str = "Sum") -> Metric:
    """Return a metric that one of the functions writes."""
    dimensions = {"service": service_name(stack_name, function)}
    return _metric(NAMESPACE, name, dimensions, statistic)


def logged_errors(stack_name: str, function: str) -> Metric:
    """Return how many errors a function has logged; a filter of its log group counts them."""
    return _metric(NAMESPACE, f"{stack_name}-{function}-errors", {})


def gateway(name: str, api_id: str, stage: str) -> Metric:
    """Return a metric of an API's stage."""
    return _metric("AWS/ApiGateway", name, {"ApiId": api_id, "Stage": stage})


def rule(name: str, of: Rule, *, bus: str = "") -> Metric:
    """Return a metric of a rule; `bus` is one that is not the default."""
    named = {"EventBusName": bus} if bus else {}
    return _metric("AWS/Events", name, {**named, "RuleName": of.rule_name})


def share(part: Metric, whole: Metric, *, at_least: int, label: str) -> MathExpression:
    """Return how many percent of `whole` a part of it is; 0 when it is fewer than `at_least`.

    `whole` has data whenever `part` has: what metric math does with a gap is not documented.
    """
    return _percent(f"IF(part >= {at_least}, 100 * part / whole, 0)", part, whole, label)


def share_beside(part: Metric, others: Metric, *, at_least: int, label: str) -> MathExpression:
    """Return the same where `others` are counted beside the part; 0 for fewer than both."""
    expression = f"IF(part + whole > {at_least}, 100 * part / (part + whole), 0)"
    return _percent(expression, part, others, label)


def _percent(expression: str, part: Metric, whole: Metric, label: str) -> MathExpression:
    metrics = {"part": part, "whole": whole}
    return MathExpression(
        expression=expression, using_metrics=metrics, period=PERIOD, label=f"{label}, percent"
    )


def _metric(
    namespace: str, name: str, dimensions: dict[str, str], statistic: str = "Sum"
) -> Metric:
    return Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        period=PERIOD,
        statistic=statistic,
    )
