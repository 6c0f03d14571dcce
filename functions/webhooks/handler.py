"""POST /webhooks/github: GitHub's webhooks become events. Next: roomcast_backend.github.webhook."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.webhooks.wiring import services, warm_up
from roomcast.envelope import encode
from roomcast_backend.github import webhook
from roomcast_backend.github.request import RequestRefused, WebhookRequest
from roomcast_backend.runtime.startup import initialize

logger = Logger()
metrics = Metrics()
initialize(warm_up)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Publish the event of one delivery and return the HTTP response."""
    try:
        response = webhook.respond(WebhookRequest.from_event(event), services(context))
    except RequestRefused as exc:
        response = webhook.refused(exc)
    logger.info("webhook answered", extra={"status": response.status, **response.facts})
    metrics.add_metric(name=response.metric, unit=MetricUnit.Count, value=1)
    return {
        "statusCode": response.status,
        "headers": {"content-type": "application/json"},
        "body": encode(response.body),
    }
