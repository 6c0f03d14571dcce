"""Counts answers of 503 and UNAVAILABLE, which are successes to Lambda and to API Gateway.

A line of CloudWatch's embedded metric format is printed at once, and only when it happens: an
invocation that can answer does not even import the library for it.
"""

HANDSHAKES = "handshakes_unavailable"
FRAMES = "frames_unavailable"
HEALTH = "health_unavailable"

METRICS = (HANDSHAKES, FRAMES, HEALTH)
"""The names of all metrics of this module; docs/operations.md says what each of them counts."""


def count_unavailable(name: str) -> None:
    """Add one to a metric of `METRICS`."""
    from aws_lambda_powertools.metrics import MetricUnit, single_metric  # noqa: PLC0415

    with single_metric(name=name, unit=MetricUnit.Count, value=1):
        pass
