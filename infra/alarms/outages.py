"""Alarms about what clients meet: refused handshakes, frames, requests and webhooks.

With few clients an outage makes few errors. So these are shares of what was asked: nobody has to be
many, and one client among others is none.
"""

from collections.abc import Mapping

from aws_cdk.aws_lambda import Function

from infra import metrics
from infra.alarms.construct import Alarms
from infra.metrics import PERIOD

GATEWAY_ERRORS = 20
CLIENT_ERRORS = 3000
"""Ten a second. One client that floods gets there only if it is let."""

REFUSED_HANDSHAKES = 500
"""Within a period, below which their share says nothing: a client that tries again with a token
that is refused, which counts as well, makes some 300."""

MOST_PERCENT = 50
UNAVAILABLE = 3
"""Answers of 503 within a period, below which their share says nothing."""

UNHEALTHY = 2
HTTP_PERCENT = 10
HTTP_ERRORS = 5
FAILED_WEBHOOKS = 3
FLOODING = 500
"""Connections closed for flooding within a period: one client that comes back makes some 200."""


def watch_websocket(alarms: Alarms, api_id: str, stage: str) -> None:
    """Alarm when API Gateway cannot get answers for clients, or refuses many of them.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
    """
    for metric, threshold in (("ExecutionError", GATEWAY_ERRORS), ("ClientError", CLIENT_ERRORS)):
        alarms.add(
            f"WebSocket{metric}",
            "gateway-errors",
            metrics.gateway(metric, api_id, stage),
            f"{metric} of the WebSocket API",
            threshold=threshold,
            lasting=True,
        )
    refused = metrics.gateway("IntegrationError", api_id, stage)
    handshakes = metrics.gateway("ConnectCount", api_id, stage)
    alarms.add(
        "WebSocketIntegrationError",
        "gateway-errors",
        metrics.share(refused, handshakes, at_least=REFUSED_HANDSHAKES, label="refused"),
        "most handshakes are refused",
        threshold=MOST_PERCENT,
        lasting=True,
    )


def watch_http(alarms: Alarms, api_id: str, stage: str) -> None:
    """Alarm when the HTTP API answers with 5xx.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
    """
    errors, requests = (metrics.gateway(name, api_id, stage) for name in ("5xx", "Count"))
    alarms.add(
        "Http5xx",
        "gateway-errors",
        metrics.share(errors, requests, at_least=HTTP_ERRORS, label="5xx"),
        "5xx of the HTTP API",
        threshold=HTTP_PERCENT,
        lasting=True,
    )


def watch_unavailable(alarms: Alarms, functions: Mapping[str, Function]) -> None:
    """Alarm when functions answer 503 or UNAVAILABLE, which nobody else counts as an error."""
    for name, function, metric in (
        ("handshakes", "connect", "handshakes_unavailable"),
        ("frames", "subscribe", "frames_unavailable"),
        ("polling", "poll", "handshakes_unavailable"),
    ):
        failed = metrics.own(alarms.stack_name, function, metric)
        asked = functions[function].metric_invocations(period=PERIOD)
        alarms.add(
            f"{name.capitalize()}Unavailable",
            "unavailable",
            metrics.share(failed, asked, at_least=UNAVAILABLE, label=f"{name} unavailable"),
            f"most {name} are answered that the service cannot",
            threshold=MOST_PERCENT,
            lasting=True,
        )
    alarms.add(
        "HealthUnavailable",
        "unavailable",
        metrics.own(alarms.stack_name, "status", "health_unavailable"),
        "/health or the statistics are answered with 503",
        threshold=UNHEALTHY,
        lasting=True,
    )


def watch_webhooks(alarms: Alarms) -> None:
    """Alarm when webhooks are answered with 503: GitHub does not send them again by itself."""
    alarms.add(
        "WebhooksFailed",
        "webhooks-failed",
        metrics.own(alarms.stack_name, "webhooks", "webhooks_failed"),
        "webhooks were answered with 503",
        threshold=FAILED_WEBHOOKS,
    )


def watch_flooding(alarms: Alarms) -> None:
    """Alarm when many connections are closed since they send more than they may."""
    alarms.add(
        "Flooding",
        "flooding",
        metrics.own(alarms.stack_name, "subscribe", "flooding_closed"),
        "connections flood",
        threshold=FLOODING,
        lasting=True,
    )
