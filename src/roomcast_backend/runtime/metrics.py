"""Metrics of what happens rarely: functions that write none otherwise do not load the library."""

import os

FLOODING_CLOSED = "flooding_closed"
INVALID_MESSAGES = "invalid_messages"
SURPLUS_CLOSED = "connections_per_user_closed"


def count(name: str, value: int) -> None:
    """Write one count, in the namespace and with the dimension of all metrics of the function."""
    from aws_lambda_powertools.metrics import MetricUnit, single_metric  # noqa: PLC0415

    service = os.environ.get("POWERTOOLS_SERVICE_NAME", "service_undefined")
    with single_metric(name=name, unit=MetricUnit.Count, value=value) as metric:
        metric.add_dimension(name="service", value=service)
